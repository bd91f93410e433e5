//! Patterns over strings: globs, and regular expressions that the compiler turned into automata.
//! Knows no syntax of regular expressions.

use std::fmt;

use regex_automata::Input;
use regex_automata::dfa::{Automaton, sparse};

/// A regular expression as an automaton, validated when it was loaded.
///
/// The compiler builds it anchored at both ends, so that it judges the whole text.
#[derive(Clone)]
pub struct Pattern(sparse::DFA<Vec<u8>>);

impl Pattern {
    /// Loads an automaton from what `sparse::DFA::to_bytes_little_endian` wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Pattern, String> {
        let (dfa, read) =
            sparse::DFA::from_bytes(bytes).map_err(|_| "the automaton of a pattern is malformed".to_owned())?;
        if read != bytes.len() {
            return Err("something follows the automaton of a pattern".to_owned());
        }
        Ok(Pattern(dfa.to_owned()))
    }

    /// Does the pattern match the whole text? `None` if the automaton gave up, which counts as unknown.
    #[must_use]
    pub fn matches(&self, text: &str) -> Option<bool> {
        let input = Input::new(text).anchored(regex_automata::Anchored::Yes);
        let end = self.0.try_search_fwd(&input).ok()?;
        Some(end.is_some_and(|end| end.offset() == text.len()))
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({} bytes)", self.0.memory_usage())
    }
}

/// Does the glob match the whole text? `*` stands for any characters, also none, `?` for exactly one.
///
/// Takes time proportional to the product of the lengths at worst.
#[must_use]
pub fn glob_matches(glob: &str, text: &str) -> bool {
    let (mut glob, mut text) = (glob.chars(), text.chars());
    // Where to go on after the last `*` if what follows it does not match here.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let here = text.clone();
        match (glob.next(), text.next()) {
            (Some('*'), _) => {
                retry = Some((glob.clone(), here.clone()));
                text = here;
                continue;
            }
            (None, None) => return true,
            (Some('?'), Some(_)) => continue,
            (Some(g), Some(t)) if g == t => continue,
            _ => {}
        }
        let Some((after_star, mut from)) = retry.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        glob = after_star.clone();
        text = from.clone();
        retry = Some((after_star, from));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex_automata::dfa::dense;

    fn pattern(regex: &str) -> Pattern {
        let config = dense::Config::new().start_kind(regex_automata::dfa::StartKind::Anchored);
        let dfa = dense::Builder::new().configure(config).build(&format!("(?s-u:(?:{regex})\\z)")).unwrap();
        Pattern::from_bytes(&dfa.to_sparse().unwrap().to_bytes_little_endian()).unwrap()
    }

    #[test]
    fn patterns_judge_the_whole_text() {
        let p = pattern("ab*|abc");
        for (text, expected) in [("a", true), ("abb", true), ("abc", true), ("abcx", false), ("xa", false), ("", false)]
        {
            assert_eq!(p.matches(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn malformed_automata() {
        let dfa = dense::DFA::new("a+b").unwrap();
        let bytes = dfa.to_sparse().unwrap().to_bytes_little_endian();
        assert!(Pattern::from_bytes(&[]).is_err());
        assert!(Pattern::from_bytes(&[bytes.as_slice(), b"x"].concat()).is_err());
        for i in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[i] ^= 0xff;
            if let Ok(pattern) = Pattern::from_bytes(&broken) {
                let _ = pattern.matches("aab");
            }
            assert!(Pattern::from_bytes(&bytes[..i]).is_err());
        }
    }

    #[test]
    fn globs() {
        for (glob, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "abc", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("?", "ä", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("**", "x", true),
            ("*a*b", "xaxbxb", true),
            ("[a]", "a", false),
            ("[a]", "[a]", true),
            ("*ab", "aab", true),
        ] {
            assert_eq!(glob_matches(glob, text), expected, "{glob} {text}");
        }
        assert!(!glob_matches(&"*a".repeat(500), &"a".repeat(499)));
    }

    /// By the definition, with exponential effort.
    fn naive(glob: &[char], text: &[char]) -> bool {
        match (glob.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => naive(&glob[1..], text) || (!text.is_empty() && naive(glob, &text[1..])),
            (Some('?'), Some(_)) => naive(&glob[1..], &text[1..]),
            (Some(g), Some(t)) if g == t => naive(&glob[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn globs_agree_with_the_definition(glob in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(glob_matches(&glob, &text), naive(&chars(&glob), &chars(&text)));
        }
    }
}

//! Patterns over strings: globs, and regular expressions that the compiler turned into automata.
//! Knows no syntax of regular expressions.

use std::fmt;

use regex_automata::Input;
use regex_automata::dfa::{Automaton, sparse};

use crate::bundle::PatternDef;

/// The right-hand side of `like` or `matches`, validated when it was loaded. It judges the whole text.
#[derive(Clone)]
pub struct Pattern(Form);

#[derive(Clone)]
enum Form {
    Glob(Glob),
    /// Anchored at both ends by the compiler.
    Automaton(Box<sparse::DFA<Vec<u8>>>),
}

impl Pattern {
    /// Loads an automaton from what `sparse::DFA::to_bytes_little_endian` wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Pattern, String> {
        let (dfa, read) =
            sparse::DFA::from_bytes(bytes).map_err(|_| "the automaton of a pattern is malformed".to_owned())?;
        if read != bytes.len() {
            return Err("something follows the automaton of a pattern".to_owned());
        }
        Ok(Pattern(Form::Automaton(Box::new(dfa.to_owned()))))
    }

    /// Loads what a bundle holds.
    pub(crate) fn load(def: &PatternDef) -> Result<Pattern, String> {
        match def {
            PatternDef::Glob(text) => match Glob::new(text) {
                Some(glob) => Ok(Pattern(Form::Glob(glob))),
                None => Err("a glob with other wildcards than single stars".to_owned()),
            },
            PatternDef::Automaton(bytes) => Pattern::from_bytes(bytes),
        }
    }

    /// Does the pattern match the whole text? `None` if the automaton gave up, which counts as unknown.
    #[must_use]
    pub fn matches(&self, text: &str) -> Option<bool> {
        match &self.0 {
            Form::Glob(glob) => Some(glob.matches(text)),
            Form::Automaton(dfa) => {
                let input = Input::new(text).anchored(regex_automata::Anchored::Yes);
                let end = dfa.try_search_fwd(&input).ok()?;
                Some(end.is_some_and(|end| end.offset() == text.len()))
            }
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Glob(glob) => write!(f, "Pattern({:?})", glob.text),
            Form::Automaton(dfa) => write!(f, "Pattern({} bytes)", dfa.memory_usage()),
        }
    }
}

/// Texts in a fixed order with anything between them. Matching takes one pass over the text.
#[derive(Clone, Debug)]
struct Glob {
    text: Box<str>,
    /// Where the first and the last star stand; `None` without any.
    stars: Option<(usize, usize)>,
}

impl Glob {
    /// `None` if there are wildcards that only an automaton can do.
    fn new(text: &str) -> Option<Glob> {
        let stars = text.find('*').zip(text.rfind('*'));
        (!text.contains('?') && !text.contains("**")).then(|| Glob { text: text.into(), stars })
    }

    fn matches(&self, text: &str) -> bool {
        let Some((first, last)) = self.stars else { return *self.text == *text };
        // Stars are single bytes, so what is before and after one is text.
        let (Some(start), Some(end)) = (self.text.get(..first), self.text.get(last.saturating_add(1)..)) else {
            return false;
        };
        let Some(mut rest) = text.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)) else { return false };
        if first == last {
            return true;
        }
        // The leftmost place for each leaves the most to the others.
        let middle = self.text.get(first.saturating_add(1)..last).unwrap_or_default();
        middle.split('*').all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
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
    fn globs_that_need_an_automaton_are_refused() {
        for glob in ["a?", "**", "a**b"] {
            assert!(Pattern::load(&PatternDef::Glob(glob.to_owned())).is_err(), "{glob}");
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
        fn loaded_globs_agree_with_the_definition(glob in r"[abä*]{0,10}", text in "[abä]{0,12}") {
            let glob = glob.replace("**", "*").replace("**", "*").replace("**", "*");
            let pattern = Pattern::load(&PatternDef::Glob(glob.clone())).unwrap();
            prop_assert_eq!(pattern.matches(&text), Some(glob_matches(&glob, &text)));
        }

        #[test]
        fn globs_agree_with_the_definition(glob in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(glob_matches(&glob, &text), naive(&chars(&glob), &chars(&text)));
        }
    }
}

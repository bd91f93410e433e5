//! Builds what `like` and `matches` are compiled to.
//!
//! A regular expression becomes, once and here, an anchored DFA that accepts exactly the whole values it matches; the
//! runtime only walks it. So does a glob with `?`; others stay text, which is faster and far smaller. Knows nothing of expressions or policies.

use claw_runtime::bundle::PatternDef;
use regex_automata::dfa::{StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

/// Bytes of a dense automaton before it is refused. Bundles carry the sparse form, which is far smaller.
const DFA_LIMIT: usize = 4 << 20;
/// Bytes of working memory while states are enumerated.
const DETERMINIZE_LIMIT: usize = 8 << 20;
/// Bytes of the intermediate automaton, which grows with repetition counts and Unicode classes.
const NFA_LIMIT: usize = 1 << 20;

/// Whether `matches r"pattern"` can be compiled; the error says in the author's terms why not.
pub fn check_regex(pattern: &str) -> Result<(), String> {
    regex(pattern).map(drop)
}

/// Whether `like "pattern"` can be compiled; the error says why not.
pub fn check_glob(pattern: &str) -> Result<(), String> {
    glob(pattern).map(drop)
}

/// The automaton of a regular expression on the whole value: a sparse DFA, little-endian.
pub fn regex(pattern: &str) -> Result<Vec<u8>, String> {
    bytes(&regex_automaton(pattern)?)
}

/// A glob on the whole value: `*` is any text, `?` is any one character, all else is itself.
pub fn glob(pattern: &str) -> Result<PatternDef, String> {
    if pattern.contains('?') {
        return bytes(&glob_automaton(pattern)?).map(PatternDef::Automaton);
    }
    let mut text = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        // `**` says no more than `*`.
        if c != '*' || !text.ends_with('*') {
            text.push(c);
        }
    }
    Ok(PatternDef::Glob(text))
}

/// What [`regex`] encodes.
pub(crate) fn regex_automaton(pattern: &str) -> Result<dense::DFA<Vec<u32>>, String> {
    syntax::parse(pattern).map_err(|e| syntax_error(&e.to_string()))?;
    // The pattern stands alone as a regular expression, so the group can't be closed from inside it. A line break
    // ends a comment that `(?x)` allows at its end; it is tried second, since elsewhere it would be a literal.
    let anchored = format!(r"\A(?:{pattern})\z");
    let anchored = if syntax::parse(&anchored).is_ok() { anchored } else { format!("\\A(?:{pattern}\n)\\z") };
    build(&anchored, syntax::Config::new())
}

/// The automaton of a glob.
pub(crate) fn glob_automaton(pattern: &str) -> Result<dense::DFA<Vec<u32>>, String> {
    // Bytes are no characters: the parser has to be told that this is meant.
    build(&glob_regex(pattern), syntax::Config::new().utf8(false))
}

/// Any text. Values are UTF-8, so any bytes will do, and take far fewer states than any characters.
const ANY_TEXT: &str = "(?s-u:.)*";

/// A glob as a regular expression.
fn glob_regex(glob: &str) -> String {
    let mut out = String::from(r"(?s)\A");
    for c in glob.chars() {
        match c {
            // `**` says no more than `*`, and must not cost more.
            '*' if out.ends_with(ANY_TEXT) => {}
            '*' => out.push_str(ANY_TEXT),
            '?' => out.push('.'),
            c if c.is_ascii_punctuation() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out + r"\z"
}

fn build(pattern: &str, syntax: syntax::Config) -> Result<dense::DFA<Vec<u32>>, String> {
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .dfa_size_limit(Some(DFA_LIMIT))
        .determinize_size_limit(Some(DETERMINIZE_LIMIT));
    dense::Builder::new()
        .configure(config)
        .syntax(syntax)
        .thompson(thompson::Config::new().nfa_size_limit(Some(NFA_LIMIT)))
        .build(pattern)
        .map_err(|e| build_error(&e))
}

fn bytes(dfa: &dense::DFA<Vec<u32>>) -> Result<Vec<u8>, String> {
    let sparse = dfa.to_sparse().map_err(|e| build_error(&e))?;
    Ok(sparse.to_bytes_little_endian())
}

fn build_error(error: &dense::BuildError) -> String {
    if error.is_size_limit_exceeded() {
        return "the pattern is too large: its automaton would need more than 4 MiB".to_owned();
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    if text.contains("word boundar") {
        return r"a Unicode word boundary can't be compiled; write the ASCII one, `(?-u:\b)`".to_owned();
    }
    if text.contains("limit") {
        return "the pattern is too large: its automaton would need more than 4 MiB".to_owned();
    }
    text
}

/// The parser draws a picture over several lines; its last line says what is wrong.
fn syntax_error(report: &str) -> String {
    let last = report.lines().last().unwrap_or(report);
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use regex_automata::Anchored;
    use regex_automata::Input;
    use regex_automata::dfa::{Automaton, sparse};

    use super::*;

    fn matches(bytes: &[u8], text: &str) -> bool {
        let dfa = sparse::DFA::from_bytes(bytes).expect("what we wrote can be read").0;
        let found = dfa.try_search_fwd(&Input::new(text).anchored(Anchored::Yes)).expect("no quit bytes");
        found.is_some_and(|m| m.offset() == text.len())
    }

    #[test]
    fn the_whole_value_is_matched() {
        let re = regex("a|ab").expect("compiles");
        assert!(matches(&re, "a") && matches(&re, "ab"));
        assert!(!matches(&re, "abc") && !matches(&re, "xa") && !matches(&re, ""));
    }

    #[test]
    fn verbose_patterns_may_end_in_a_comment() {
        let re = regex("(?x) a b # two letters").expect("compiles");
        assert!(matches(&re, "ab") && !matches(&re, "ab\n"));
        let re = regex("(?x) a # )").expect("compiles");
        assert!(matches(&re, "a") && !matches(&re, "a)"));
    }

    #[test]
    fn a_pattern_cannot_leave_its_group() {
        assert!(check_regex("a)|(b").is_err());
    }

    #[test]
    fn what_cannot_be_compiled_is_explained() {
        assert_eq!(
            check_regex(r"\bword\b").unwrap_err(),
            r"a Unicode word boundary can't be compiled; write the ASCII one, `(?-u:\b)`"
        );
        assert!(check_regex(r"(?-u:\b)word").is_ok());
        assert!(check_regex(r"\w{400}{400}").unwrap_err().contains("too large"));
        assert!(check_glob(&format!("*a{}", "?".repeat(60))).unwrap_err().contains("too large"));
        assert_eq!(check_regex("(a").unwrap_err(), "unclosed group");
    }

    #[test]
    fn globs() {
        let check = |g: &str, yes: &[&str], no: &[&str]| {
            let bytes = bytes(&glob_automaton(g).expect("compiles")).expect("small");
            yes.iter().for_each(|t| assert!(matches(&bytes, t), "{g} {t}"));
            no.iter().for_each(|t| assert!(!matches(&bytes, t), "{g} {t}"));
        };
        check("report-*.pdf", &["report-.pdf", "report-a/b\nc.pdf"], &["report-a.pdfx", "xreport-.pdf"]);
        check("a?c", &["abc", "aüc", "a\nc"], &["ac", "abbc"]);
        check("a.c[0]**", &["a.c[0]", "a.c[0]zz"], &["abc0", "a.c0"]);
        check("", &[""], &["a"]);
        assert_eq!(glob("a***b*"), Ok(PatternDef::Glob("a*b*".to_owned())));
        assert!(matches!(glob("a?*"), Ok(PatternDef::Automaton(_))));
    }
}

//! What holds for every text, however broken.

use claw_syntax::{TokenKind, ast, format, lex, parse};
use proptest::prelude::*;

const POLICY: &str = include_str!("fixtures/support_bot.claw");

/// Words and symbols of which soups are made: most of the language, and some that is not in it.
const ALPHABET: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    ".",
    "..",
    "?",
    "@",
    "|",
    "->",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "&&",
    "||",
    "!",
    ";",
    "$",
    "'a'",
    "\"s\"",
    "\"open",
    "r#\"x\"#",
    "\"{args.x}\"",
    "\"{\"",
    "12",
    "9.50",
    "15m",
    "15min",
    "09:00",
    "2026-03-02",
    "2026-03-02T10:00:00Z",
    "2026-3-2",
    "x",
    "args",
    "`if`",
    "größe",
    "\n",
    "// c\n",
    "/// d\n",
    "//! i\n",
    "/* b */",
    "# h\n",
    "list",
    "set",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(ALPHABET).prop_map(str::to_owned),
        prop::sample::select(claw_syntax::KEYWORDS).prop_map(str::to_owned),
    ]
}

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(word(), 0..60).prop_map(|words| words.join(" "))
}

/// What must hold of any text at all.
fn check_total(source: &str) {
    let mut at = 0;
    for token in lex(source) {
        assert_eq!(token.span.start, at, "tokens lie end to end");
        assert!(token.span.end > at, "no token is empty");
        at = token.span.end;
    }
    assert_eq!(at as usize, source.len(), "tokens cover the text");
    let parse = parse(source);
    for error in &parse.errors {
        assert!(source.get(error.span.range()).is_some(), "{error:?} lies outside the text");
        assert!(claw_syntax::CODES.iter().any(|(code, _)| *code == error.code));
        for (span, _) in error.fix.iter().flat_map(|fix| &fix.edits) {
            assert!(source.get(span.range()).is_some(), "{error:?} mends outside the text");
        }
    }
    let lost = parse.file.items.iter().any(|item| item.kind == ast::ItemKind::Error);
    assert!(!lost || parse.errors.iter().any(|e| e.code == "E0021"), "the parser gave up on {source:?}");
    if parse.errors.is_empty() {
        let dump = ast::dump(&parse.file);
        assert!(!dump.contains("Error"), "a hole without an error");
        assert!(!dump.contains("name: \"\""), "a hole without an error");
    }
    if !parse.has_errors() {
        check_format(source);
    }
}

/// What must hold of any text without syntax errors.
fn check_format(source: &str) {
    let once = format(source).unwrap_or_else(|refused| panic!("{refused:?}\n{source}"));
    assert_eq!(ast::dump(&parse(&once).file), ast::dump(&parse(source).file), "same tree\n{source}\n---\n{once}");
    let twice = format(&once).unwrap();
    assert_eq!(twice, once, "idempotent\n{source}");
    assert_eq!(comments(&once), comments(source), "same comments\n{source}\n---\n{once}");
}

fn comments(source: &str) -> Vec<&str> {
    let tokens = lex(source).into_iter().filter(|t| t.kind.is_comment());
    tokens.map(|t| t.span.text(source).trim_end()).collect()
}

#[test]
fn the_policy_is_clean() {
    assert_eq!(parse(POLICY).errors, []);
    check_total(POLICY);
}

#[test]
fn every_prefix() {
    for (end, _) in POLICY.char_indices() {
        check_total(&POLICY[..end]);
    }
}

#[test]
fn every_deleted_token() {
    // Without a blank the text is mostly the same policy, and laying that out takes long.
    let blank = |index: usize, kind: TokenKind| kind == TokenKind::Whitespace && !index.is_multiple_of(16);
    for (_, token) in lex(POLICY).into_iter().enumerate().filter(|(index, token)| !blank(*index, token.kind)) {
        let mut text = POLICY.to_owned();
        text.replace_range(token.span.range(), "");
        check_total(&text);
    }
}

#[test]
fn every_deleted_character() {
    for (at, c) in POLICY.char_indices() {
        let text = format!("{}{}", &POLICY[..at], &POLICY[at + c.len_utf8()..]);
        // Without a letter or a blank nothing new happens to the layout, and that takes long.
        if c.is_alphanumeric() || c.is_whitespace() {
            parse(&text);
        } else {
            check_total(&text);
        }
    }
}

/// A missing closer must not take the declarations behind it along.
#[test]
fn every_deleted_closer_keeps_the_other_declarations() {
    let whole = parse(POLICY).file.items.len();
    for token in lex(POLICY).into_iter().filter(|t| t.kind.is_closer()) {
        let mut text = POLICY.to_owned();
        text.replace_range(token.span.range(), " ");
        let items = parse(&text).file.items.len();
        assert!(items + 1 >= whole, "{items} of {whole} without the closer at {:?}", token.span);
    }
}

#[test]
fn one_error_for_one_deleted_closer() {
    for token in lex(POLICY).into_iter().filter(|t| t.kind == TokenKind::RBrace) {
        let mut text = POLICY.to_owned();
        text.replace_range(token.span.range(), " ");
        let errors = parse(&text).errors;
        assert!(errors.len() <= 2, "{errors:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn soups(source in soup()) {
        check_total(&source);
    }

    #[test]
    fn any_text(source in any::<String>()) {
        check_total(&source);
    }

    #[test]
    fn glued_soups(words in prop::collection::vec(word(), 0..30)) {
        check_total(&words.concat());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Comments of either kind survive wherever they stand.
    #[test]
    fn comments_anywhere(places in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..12)) {
        let tokens = lex(POLICY);
        let mut inserts: Vec<(usize, bool)> =
            places.iter().map(|(at, own)| (tokens[at.index(tokens.len())].span.start as usize, *own)).collect();
        inserts.sort_unstable();
        inserts.dedup_by_key(|(at, _)| *at);
        let mut text = POLICY.to_owned();
        for (number, (at, own_line)) in inserts.iter().enumerate().rev() {
            let comment = if *own_line { format!("\n\n// own {number}\n") } else { format!(" // behind {number}\n") };
            text.insert_str(*at, &comment);
        }
        prop_assume!(!parse(&text).has_errors());
        check_format(&text);
    }

    /// The layout does not depend on how the text was broken into lines, within one-line blocks.
    #[test]
    fn blanks_anywhere(places in prop::collection::vec(any::<prop::sample::Index>(), 1..40)) {
        let tokens: Vec<_> = lex(POLICY).into_iter().filter(|t| t.kind == TokenKind::Whitespace).collect();
        let mut starts: Vec<usize> =
            places.iter().map(|at| tokens[at.index(tokens.len())].span.start as usize).collect();
        starts.sort_unstable();
        let mut text = POLICY.to_owned();
        for at in starts.iter().rev() {
            text.insert_str(*at, "\n   ");
        }
        check_format(&text);
    }
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    let deep = [
        format!("predicate p() = {}x", "(".repeat(100_000)),
        format!("predicate p() = {}x{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("predicate p() = x{}", " and x".repeat(1_000_000)),
        format!("predicate p() = {} x", "not ".repeat(100_000)),
        format!("predicate p() = x{}", "()".repeat(100_000)),
        format!("predicate p() = x{}", ".y".repeat(100_000)),
        format!("predicate p() = x{}", " as int".repeat(100_000)),
        format!("live l: {}int", "list<".repeat(100_000)),
        format!("test \"t\" {{ call f {} }}", "{ a: ".repeat(100_000)),
        format!("rule r {{ on any deny \"{{{}x}}\" }}", "(".repeat(100_000)),
    ];
    for source in deep {
        let errors = parse(&source).errors;
        assert!(errors.iter().any(|e| e.code == "E0021"), "{:?}", &source[..40]);
        assert!(format(&source).is_err());
    }
}

/// Many of anything must not take more than linear time.
#[test]
fn large_files_are_not_quadratic() {
    let many = [
        "rule r { on any deny \"x\" }\n".repeat(40_000),
        "rule r {\n".repeat(40_000),
        "/* \n".repeat(200_000),
        "r#\"\n".repeat(200_000),
        "let x: set<host>= [\"a\"]\n".repeat(40_000),
        format!("rule r {{ on any deny \"{}\" }}", "{a}".repeat(50_000)),
        format!("environments {}x", "a, ".repeat(300_000)),
        format!("matrix {{ tier | a {} }}", "b | allow c | ".repeat(50_000)),
        ") ".repeat(300_000),
        "} rule ".repeat(100_000),
    ];
    for source in many {
        let start = std::time::Instant::now();
        parse(&source);
        let seconds = start.elapsed().as_secs();
        assert!(seconds < 20, "{seconds} s for {:?}", &source[..30]);
    }
}

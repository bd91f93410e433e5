//! The canonical layout, by example.

use claw_syntax::{ast, format, parse};

const EVERYTHING: &str = include_str!("fixtures/everything.claw");
const POLICY: &str = include_str!("fixtures/support_bot.claw");
const UGLY: &str = include_str!("fixtures/ugly.claw");

#[test]
fn every_construct_parses() {
    assert_eq!(parse(EVERYTHING).errors, []);
    insta::assert_snapshot!("everything_tree", ast::dump(&parse(EVERYTHING).file));
}

#[test]
fn layouts() {
    for (name, source) in [("everything", EVERYTHING), ("policy", POLICY), ("ugly", UGLY)] {
        let laid_out = format(source).unwrap();
        assert_eq!(format(&laid_out).unwrap(), laid_out, "{name} is idempotent");
        assert_eq!(ast::dump(&parse(&laid_out).file), ast::dump(&parse(source).file), "{name} means the same");
        insta::assert_snapshot!(name, laid_out);
    }
}

#[test]
fn empty_files() {
    assert_eq!(format("").unwrap(), "");
    assert_eq!(format(" \n\n ").unwrap(), "");
    assert_eq!(format("\n// only a comment").unwrap(), "// only a comment\n");
    assert_eq!(format("labels a\r\n\r\n\r\nlabels b // c\r\n").unwrap(), "labels a\n\nlabels b  // c\n");
}

#[test]
fn broken_files_are_refused() {
    assert!(format("labels a,").is_err());
    assert!(format("rule {").is_err());
    assert!(format("labels a /// stray\n").is_ok(), "a warning is no reason to refuse");
}

#[test]
fn documentation_stands_at_the_margin() {
    let source = "/// Why.\nlabels lockdown\n\n/// How many.\nlet x: int = 3\n// Who.\nlive frozen: set<string>\n";
    assert_eq!(claw_syntax::format(source).as_deref(), Ok(source));
}

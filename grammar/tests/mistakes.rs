//! What is said about common mistakes. One snapshot per mistake shows source and errors together.

use claw_syntax::{Severity, parse};
use std::collections::BTreeSet;

/// A name for the snapshot, and the text.
const MISTAKES: &[(&str, &str)] = &[
    ("unexpected_word", "rule r {\n  on x\n  permit y\n  deny \"no\"\n}\nlabels l"),
    ("unexpected_declaration", "policy p { }\nlabels l"),
    ("unexpected_end", "rule"),
    ("missing_operand", "rule r {\n  on x\n  when args.a ==\n  unless args.b ==\n  deny \"no\"\n}"),
    ("missing_name", "rule {\n  on x\n  deny \"no\"\n}"),
    ("missing_field", "rule r {\n  on x\n  when args.\n  deny \"no\"\n}"),
    ("missing_to", "grant mail support\nlabels l"),
    ("unterminated_string", "rule r {\n  on x\n  deny \"no\n}\nlabels l"),
    ("unterminated_raw_string", "let p: string = r#\"a\"\nlabels l"),
    (
        "bad_number",
        "limit l {\n  on x\n  max 5k per 15min\n  each agent\n}\nlet d: decimal = .5\nlet e: duration = 1.5h",
    ),
    ("bad_duration", "let d: duration = 30m2h"),
    ("bad_date", "window w {\n  days   mon..fri\n  hours  9:00..25:00\n  except 2026-2-3, 2026-02-30\n}"),
    ("bad_escape", r#"let p: string = "C:\dir""#),
    ("bad_character", "labels a $ b"),
    ("typographic_quotes", "let p: string = “text”"),
    ("bad_word", "roles prüfer"),
    ("bidi", "// harmless \u{202E} // esrever\nlabels l"),
    ("single_quotes", "let p: string = 'it'"),
    ("block_comment", "/* old\n   text */\nlabels l"),
    ("hash_comment", "# old text\nlabels l"),
    ("semicolon", "labels l;\ntags t;"),
    ("symbolic_logic", "predicate p(x: int) = x > 1 && !(x > 2) || x == 3"),
    ("assign_for_eq", "rule r {\n  on x\n  when args.a = 1 and args.b = 2\n  deny \"no\"\n}"),
    ("chained_comparison", "predicate p(x: int) = 1 < x < 5"),
    ("mixed_logic", "predicate p(a: bool, b: bool, c: bool) = a and b or c"),
    ("trailing_comma", "roles a, b,\nrule r {\n  on x, y,\n  when c\n  require a, b,\n}"),
    ("matrix_width", "matrix {\n  tier | dev | prod\n  low | allow\n  high | a b | deny\n}"),
    ("matrix_header", "matrix {\n  low | allow | allow\n}"),
    ("matrix_empty_cell", "matrix {\n  tier | dev | prod\n  low | | allow\n  high | deny | deny\n}"),
    ("reserved_word", "rule on {\n  on x\n  deny \"no\"\n}\nroles for, sre"),
    ("detached_docs", "labels l /// at the end\nrule r {\n  /// inside\n  on x\n  mark l\n}\n/// before nothing"),
    ("late_inner_docs", "labels l\n//! about the file"),
    ("bad_interpolation", "rule r {\n  on x\n  deny \"{} {args.x\"\n  suggest \"{a b}\"\n}"),
    ("missing_type", "let hosts = [\"a\"]"),
    ("tier_comma", "tiers low, high"),
    ("package_place", "labels l\npackage a.b"),
    ("bad_glob", "scope s { on *, jira. *, jira.get_* }"),
    ("no_unit", "approval a {\n  by 1 of sre\n  expires 15\n}"),
    ("no_message", "rule r {\n  on x\n  deny\n}"),
    ("scope_environments", "scope s { on x in prod }"),
    (
        "wrong_word",
        "use \"./x.claw\" with grant_all\napproval a {\n  by 1 of sre\n  note needed\n}\ntool t() on host \"x\"",
    ),
    ("object_outside_test", "predicate p(x: int) = x in { a: 1 }"),
    ("unclosed_brace", "rule a {\n  on x\n  deny \"no\"\n\nrule b {\n  on x\n  deny \"no\"\n}"),
    ("unclosed_paren", "rule a {\n  on x\n  when (args.a == 1\n  deny \"no\"\n}\nlabels l"),
    ("unclosed_at_end", "test \"t\" {\n  call x { a: [1, 2"),
    ("stray_closer", "labels l\n}\ntags t"),
    ("no_time", "test \"t\" {\n  at 2026-03-02\n  call x {}\n  expect allow\n}"),
    ("by_without_count", "approval a {\n  by sre\n  expires 15m\n}"),
    ("missing_comma_between_fields", "agent {\n  a: int\n  b: string\n}\nlabels l"),
    ("bad_parameter", "tool t(a, b: int) is read\nlabels l"),
    (
        "independent",
        "rule a {\n  on x\n  when ==\n  deny \"no\"\n}\nrule b {\n  on y\n  unless )\n  deny \"no\"\n}\nlimit c { on z max per 1h each user }",
    ),
];

/// The source with every error below the line it begins on.
fn render(source: &str) -> String {
    let parse = parse(source);
    let mut out = String::new();
    let mut start = 0;
    let mut lines: Vec<&str> = source.split('\n').collect();
    // The end of the file is a place of its own.
    lines.push("");
    for line in lines {
        let end = start + line.len();
        out.push_str(&format!("| {line}\n"));
        for error in parse.errors.iter().filter(|e| (start..=end).contains(&(e.span.start as usize))) {
            let from = source[start..error.span.start as usize].chars().count();
            let upto = (error.span.end as usize).min(end).max(error.span.start as usize);
            let width = source[error.span.start as usize..upto].chars().count().max(1);
            let level = if error.severity == Severity::Error { "" } else { " (warning)" };
            out.push_str(&format!(
                "  {}{} {}{level}: {}\n",
                " ".repeat(from),
                "^".repeat(width),
                error.code,
                error.message
            ));
            for (span, text) in &error.labels {
                out.push_str(&format!("    at `{}`: {text}\n", span.text(source).lines().next().unwrap_or("")));
            }
            out.extend(error.help.iter().map(|help| format!("    help: {help}\n")));
            if let Some(fix) = &error.fix {
                out.push_str(&format!("    fix: {} -> {:?}\n", fix.title, apply(source, &fix.edits)));
            }
        }
        start = end + 1;
        if start > source.len() {
            break;
        }
    }
    out
}

/// The lines that the edits touch, after them.
fn apply(source: &str, edits: &[(claw_syntax::Span, String)]) -> String {
    let mut text = source.to_owned();
    for (span, new) in edits.iter().rev() {
        text.replace_range(span.range(), new);
    }
    let changed = text.lines().filter(|line| !source.lines().any(|old| old == *line));
    changed.collect::<Vec<_>>().join("\n")
}

#[test]
fn mistakes() {
    for (name, source) in MISTAKES {
        insta::assert_snapshot!(*name, render(source));
    }
}

/// A mend must mend: after all fixes of a text, their codes are gone.
#[test]
fn fixes_fix() {
    for (name, source) in MISTAKES {
        for error in parse(source).errors {
            let Some(fix) = &error.fix else { continue };
            let mut text = (*source).to_owned();
            for (span, new) in fix.edits.iter().rev() {
                text.replace_range(span.range(), new);
            }
            let count = |text: &str| parse(text).errors.iter().filter(|e| e.code == error.code).count();
            assert!(count(&text) < count(source), "{name}: {} is still there in\n{text}", error.code);
        }
    }
}

#[test]
fn every_code_has_a_mistake() {
    let seen: BTreeSet<&str> =
        MISTAKES.iter().flat_map(|(_, source)| parse(source).errors).map(|error| error.code).collect();
    let missing: Vec<_> =
        // Nesting is tried with texts too long for a snapshot.
        claw_syntax::CODES.iter().filter(|(code, _)| !seen.contains(code) && *code != "E0021").collect();
    assert!(missing.is_empty(), "{missing:?}");
}

//! What the editors' files say of the language, against the lexer: no reserved word is missing, none is made up.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use claw_syntax::KEYWORDS;
use serde_json::Value;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../editors").join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The words in `\b(a|b|c)\b` of all patterns whose name begins with `scope`.
fn grammar_words(value: &Value, scopes: &[&str], words: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let name = members.get("name").and_then(Value::as_str).unwrap_or_default();
            if let Some(pattern) = members.get("match").and_then(Value::as_str)
                && scopes.iter().any(|scope| name.starts_with(scope))
                && let Some(list) = pattern.strip_prefix("\\b(").and_then(|p| p.strip_suffix(")\\b"))
            {
                words.extend(list.split('|').map(str::to_owned));
            }
            members.values().for_each(|v| grammar_words(v, scopes, words));
        }
        Value::Array(items) => items.iter().for_each(|v| grammar_words(v, scopes, words)),
        _ => {}
    }
}

/// Functions that read like keywords.
const FUNCTIONS: [&str; 2] = ["len", "present"];

#[test]
fn the_textmate_grammar_has_the_lexers_words() {
    let grammar: Value = serde_json::from_str(&read("vscode/syntaxes/claw.tmLanguage.json")).expect("JSON");
    let mut words = BTreeSet::new();
    grammar_words(&grammar, &["keyword.", "constant.language", "support.function"], &mut words);
    FUNCTIONS.iter().for_each(|f| assert!(words.remove(*f), "{f} is a function"));
    let lexer: BTreeSet<String> = KEYWORDS.iter().map(|w| (*w).to_owned()).collect();
    assert_eq!(words, lexer);
}

#[test]
fn other_editors_have_the_lexers_words() {
    let vim: BTreeSet<String> = read("neovim/syntax/claw.vim")
        .lines()
        .filter_map(|line| line.strip_prefix("syntax keyword "))
        .flat_map(|line| line.split_whitespace().skip(1))
        .map(str::to_owned)
        .collect();
    let lexer: BTreeSet<String> = KEYWORDS.iter().map(|w| (*w).to_owned()).collect();
    assert_eq!(vim, lexer);
    let emacs = read("emacs/claw-mode.el");
    let list = emacs.split("claw-font-lock-keywords").nth(1).expect("the list of words");
    let quoted: BTreeSet<String> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let missing: Vec<&String> = lexer.difference(&quoted).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Every snippet is a declaration that begins with its word.
#[test]
fn snippets_begin_with_a_declarations_word() {
    let snippets: Value = serde_json::from_str(&read("vscode/snippets/claw.json")).expect("JSON");
    for (name, snippet) in snippets.as_object().expect("an object") {
        let prefix = snippet["prefix"].as_str().expect("a prefix");
        assert!(KEYWORDS.contains(&prefix), "{name}");
        let body: Vec<&str> = snippet["body"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
        assert!(body.iter().any(|line| line.starts_with(prefix)), "{name}");
    }
}

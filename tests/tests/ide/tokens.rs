//! A token a line: what it is, and its text.

use claw_compiler::ide::tokens;

use super::At;

pub fn show(at: &At) -> String {
    let found = tokens::tokens(&at.analysis, at.file);
    assert!(found.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start), "they lie one after the other");
    let mut out = String::new();
    for token in found {
        let marks = [
            (token.declaration, " declaration"),
            (token.readonly, " readonly"),
            (token.documentation, " documentation"),
            (token.library, " library"),
        ];
        let marks: String = marks.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect();
        out += &format!("{:?}{marks}: {}\n", token.kind, token.span.text(at.text()));
    }
    out
}

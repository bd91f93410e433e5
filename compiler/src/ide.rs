//! What an editor asks of a policy, one file for each question.
//!
//! Every feature is a pure function over an [`Analysis`](crate::Analysis) and a place in it, and answers with plain
//! data in byte offsets: no protocol, no lines and columns, no JSON. Text that is half typed is the normal case here, so
//! features work from tokens where the tree has a hole, and answer with nothing rather than with a guess.

pub mod call_hierarchy;
pub mod code_actions;
pub mod code_lens;
pub mod completion;
mod cursor;
pub mod definition;
pub mod document_symbols;
pub mod facts;
pub mod folding;
pub mod formatting;
pub mod highlight;
pub mod hover;
pub mod inlay_hints;
pub mod links;
mod names;
mod place;
pub mod references;
pub mod rename;
pub mod selection;
pub mod signature_help;
pub mod tokens;
pub mod type_definition;
pub mod workspace_symbols;

pub use cursor::Cursor;
pub use names::{decl, name, qualified_name};

use claw_syntax::Span;

/// A replacement in the file that was asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextEdit {
    pub span: Span,
    pub text: String,
}

impl TextEdit {
    pub fn new(span: Span, text: impl Into<String>) -> TextEdit {
        TextEdit { span, text: text.into() }
    }

    /// The text with replacements that don't overlap carried out.
    pub fn apply(edits: &[TextEdit], text: &str) -> String {
        let mut sorted: Vec<&TextEdit> = edits.iter().collect();
        sorted.sort();
        let (mut out, mut at) = (String::new(), 0);
        for edit in sorted {
            out += Span::new(at, edit.span.start).text(text);
            out += &edit.text;
            at = edit.span.end;
        }
        out + Span::new(at, u32::try_from(text.len()).unwrap_or(u32::MAX)).text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_apply_in_order_of_their_places() {
        let edits =
            [TextEdit::new(Span::new(4, 5), "D"), TextEdit::new(Span::new(0, 1), ""), TextEdit::new(Span::at(2), "x")];
        assert_eq!(TextEdit::apply(&edits, "abcdef"), "bxcdDf");
        assert_eq!(TextEdit::apply(&[], "é"), "é");
    }
}

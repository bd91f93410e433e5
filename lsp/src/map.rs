//! From the compiler's terms to the protocol's: the only place where byte offsets become positions, and positions offsets.

use claw_compiler::diagnostics::{Diagnostic, Severity, Tag};
use claw_compiler::hir::Loc;
use claw_compiler::source::{self, Columns, LineIndex, SourceFile, Sources};
use tower_lsp::lsp_types::{
    self as lsp, CodeDescription, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location,
    NumberOrString, Position, Range, Url,
};

use crate::capabilities::Settings;

/// What the client counts in a line; agreed on at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    #[default]
    Utf16,
}

impl Encoding {
    fn columns(self) -> Columns {
        match self {
            Encoding::Utf8 => Columns::Utf8,
            Encoding::Utf16 => Columns::Utf16,
        }
    }
}

impl Encoding {
    /// The byte offset of a position; what lies outside of the text is taken as the nearest place in it.
    pub fn offset(self, lines: &LineIndex, text: &str, at: Position) -> u32 {
        let at = source::Position { line: at.line.saturating_add(1), column: at.character.saturating_add(1) };
        lines.offset(text, at, self.columns())
    }
}

/// The position of a byte offset.
fn position(file: &SourceFile, offset: u32, encoding: Encoding) -> Position {
    let at = file.lines.position(&file.text, offset, encoding.columns());
    Position { line: at.line - 1, character: at.column - 1 }
}

/// The range of `loc` in its file.
pub fn range(sources: &Sources, loc: Loc, encoding: Encoding) -> Range {
    let file = sources.get(loc.file);
    Range { start: position(file, loc.span.start, encoding), end: position(file, loc.span.end, encoding) }
}

/// A finding as the editor shows it. `uri` names the document of a file, if it has one.
pub fn diagnostic(
    finding: &Diagnostic,
    sources: &Sources,
    settings: &Settings,
    uri: &dyn Fn(&str) -> Option<Url>,
) -> lsp::Diagnostic {
    let encoding = settings.encoding;
    let page = if settings.shows_pages { settings.library.page(finding.code.as_str()) } else { None };
    let related = finding.labels.iter().filter_map(|label| {
        let uri = uri(&sources.get(label.loc.file).path)?;
        let location = Location { uri, range: range(sources, label.loc, encoding) };
        Some(DiagnosticRelatedInformation { location, message: label.text.clone() })
    });
    let tags = finding.tags.iter().map(|tag| match tag {
        Tag::Unnecessary => DiagnosticTag::UNNECESSARY,
        Tag::Deprecated => DiagnosticTag::DEPRECATED,
    });
    lsp::Diagnostic {
        range: range(sources, finding.primary.loc, encoding),
        severity: Some(match finding.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(finding.code.to_string())),
        code_description: page.map(|href| CodeDescription { href }),
        source: Some("claw".to_owned()),
        message: message(finding),
        related_information: some(related.collect()),
        tags: some(tags.collect()),
        ..lsp::Diagnostic::default()
    }
}

/// Editors show one text: the message, and below it what to do and why.
fn message(finding: &Diagnostic) -> String {
    let mut text = finding.message.clone();
    if !finding.primary.text.is_empty() {
        text.push_str(&format!("\n{}", finding.primary.text));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    for note in &finding.notes {
        text.push_str(&format!("\nnote: {note}"));
    }
    text
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use claw_compiler::hir::FileId;
    use claw_syntax::Span;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn positions_lead_back_to_their_offsets(text in "[a😀é\u{301}\n]{0,40}", bytes in any::<bool>()) {
            let encoding = if bytes { Encoding::Utf8 } else { Encoding::Utf16 };
            let mut sources = Sources::default();
            let file = sources.add("x.claw", text.as_str().into());
            for offset in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                let there = range(&sources, Loc { file, span: Span::at(offset as u32) }, encoding).start;
                prop_assert_eq!(encoding.offset(&sources.get(file).lines, &text, there), offset as u32);
            }
        }
    }

    #[test]
    fn columns_count_what_was_agreed_on() {
        let mut sources = Sources::default();
        // An emoji, and an accent that combines with the letter before it.
        sources.add("x.claw", "\n😀e\u{301}x".into());
        let at = |encoding| range(&sources, Loc { file: FileId(0), span: Span::at(8) }, encoding).start;
        assert_eq!(at(Encoding::Utf16), Position::new(1, 4));
        assert_eq!(at(Encoding::Utf8), Position::new(1, 7));
        // The middle of a character counts as its beginning.
        let lines = &sources.get(FileId(0)).lines;
        assert_eq!(Encoding::Utf16.offset(lines, "\n😀e\u{301}x", Position::new(1, 1)), 1);
    }
}

//! Findings as GitHub's workflow commands: lines in the log of a job that GitHub shows beside the changed code.
//!
//! A command is one line, `::error file=…,line=…::message`. What would end it early, or begin another one, is escaped.

use claw_compiler::diagnostics::Diagnostic;
use claw_compiler::source::{Columns, Sources};

use crate::failure::Failure;
use crate::render::text::{explained, visible};

/// One line for each finding.
pub fn diagnostics(diagnostics: &[Diagnostic], sources: &Sources, show: &dyn Fn(&str) -> String) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic, sources, show)).collect()
}

fn command(diagnostic: &Diagnostic, sources: &Sources, show: &dyn Fn(&str) -> String) -> String {
    let loc = diagnostic.primary.loc;
    let file = sources.get(loc.file);
    let at = |offset| file.lines.position(&file.text, offset, Columns::Utf16);
    let (start, end) = (at(loc.span.start), at(loc.span.end));
    let mut properties = format!("file={},line={}", property(&show(&file.path)), start.line);
    // GitHub takes columns only within one line.
    if start.line == end.line {
        properties.push_str(&format!(",col={},endLine={},endColumn={}", start.column, end.line, end.column));
    } else {
        properties.push_str(&format!(",endLine={}", end.line));
    }
    let word = diagnostic.severity.word();
    format!("::{word} {properties},title={}::{}\n", property(diagnostic.code.as_str()), data(&explained(diagnostic)))
}

/// What kept a command from its work, as an annotation without a place.
pub fn failure(failure: &Failure) -> String {
    let help = failure.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
    format!("::error title=clawc::{}\n", data(&format!("{failure}{help}")))
}

/// An error that is about a whole file.
pub fn about(file: &str, message: &str) -> String {
    format!("::error file={},title=clawc::{}\n", property(file), data(message))
}

fn data(text: &str) -> String {
    visible(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use claw_compiler::diagnostics::codes;
    use claw_compiler::hir::Loc;
    use claw_syntax::Span;

    use super::*;

    #[test]
    fn columns_are_left_out_where_a_finding_spans_lines() {
        let mut sources = Sources::default();
        let file = sources.add("p.claw", "é😀 a\nb\n".into());
        let drawn = |start, end| {
            let finding = Diagnostic::new(codes::E0101, Loc { file, span: Span { start, end } }, "m");
            diagnostics(&[finding], &sources, &str::to_owned)
        };
        assert_eq!(drawn(7, 8), "::error file=p.claw,line=1,col=5,endLine=1,endColumn=6,title=E0101::m\n");
        assert_eq!(drawn(7, 10), "::error file=p.claw,line=1,endLine=2,title=E0101::m\n");
    }

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("100 %\r\n::error::x, y"), "100 %25\\u{d}%0A::error::x, y");
        assert_eq!(property("a,b: c%\n::d"), "a%2Cb%3A c%25%0A%3A%3Ad");
        let failed = Failure::new("no such file: `a%b`").help("look\nthere");
        assert_eq!(failure(&failed), "::error title=clawc::no such file: `a%25b`%0Ahelp: look%0Athere\n");
    }
}

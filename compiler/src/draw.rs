//! Findings for people: source excerpts with labels, drawn by ariadne. With the feature `draw`.

use ariadne::{Cache, CharSet, Color, Config, IndexType, Label, Report, ReportKind};

use crate::diagnostics::{Diagnostic, Edit, Severity};
use crate::hir::Loc;
use crate::source::{Columns, SourceFile, Sources};
use crate::terminal::{visible, visible_source};

type FileSpan = (String, std::ops::Range<usize>);

/// Draws all findings of one analysis. `show` turns a path of the workspace into one the user can open.
pub fn diagnostics(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    show: &dyn Fn(&str) -> String,
    colours: bool,
) -> String {
    if diagnostics.is_empty() {
        // The texts are prepared for drawing as a whole, which takes as long as parsing them.
        return String::new();
    }
    let texts = sources.files.iter().map(|file| (show(&file.path), visible_source(&file.text)));
    let mut cache = ariadne::sources(texts);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let span = |loc| file_span(sources, show, loc);
        text.push_str(&draw(diagnostic, &span, &mut cache, colours));
        text.push_str(&fix(diagnostic, sources, colours));
        text.push('\n');
    }
    text
}

fn draw(
    diagnostic: &Diagnostic,
    span: &dyn Fn(Loc) -> FileSpan,
    cache: &mut impl Cache<String>,
    colours: bool,
) -> String {
    let colour = match diagnostic.severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
    };
    let config = Config::default()
        .with_index_type(IndexType::Byte)
        .with_color(colours)
        .with_char_set(CharSet::Unicode)
        .with_tab_width(4);
    let primary = span(diagnostic.primary.loc);
    // The message says it all, but what it speaks of is not underlined without a word.
    let here = if diagnostic.primary.text.is_empty() { "here" } else { &diagnostic.primary.text };
    let mut places = vec![(primary.clone(), here, colour)];
    places.extend(diagnostic.labels.iter().map(|label| (span(label.loc), label.text.as_str(), Color::Cyan)));
    // Ariadne shows places together that come in the order of their lines; the finding's own file comes first.
    places.sort_by_key(|((file, range), ..)| (*file != primary.0, file.clone(), range.end));
    let mut report = Report::build(ReportKind::Error, primary).with_config(config);
    for (span, text, colour) in places {
        report.add_label(Label::new(span).with_message(visible(text)).with_color(colour));
    }
    if let Some(help) = &diagnostic.help {
        report.add_help(visible(help));
    }
    diagnostic.notes.iter().for_each(|note| report.add_note(visible(note)));
    let mut drawn = Vec::new();
    let drawn = match report.finish().write(cache, &mut drawn) {
        Ok(()) => String::from_utf8_lossy(&drawn).into_owned(),
        Err(_) => String::new(),
    };
    // Its first line is a heading in its own style. Other lines end in blanks where nothing follows.
    let body: String = drawn.lines().skip(1).map(|line| format!("{}\n", line.trim_end())).collect();
    heading(diagnostic, colours) + &body
}

/// `error[E0101]: message`
fn heading(diagnostic: &Diagnostic, colours: bool) -> String {
    let word = format!("{}[{}]", diagnostic.severity.word(), diagnostic.code);
    let word = match diagnostic.severity {
        Severity::Error => paint(colours, "1;31", &word),
        Severity::Warning => paint(colours, "1;33", &word),
    };
    format!("{word}{}\n", paint(colours, "1", &format!(": {}", visible(&diagnostic.message))))
}

/// A span that can be drawn: inside the text, on character boundaries, not ending in a line break, and not empty if
/// that can be helped.
fn file_span(sources: &Sources, show: &dyn Fn(&str) -> String, loc: Loc) -> FileSpan {
    let file = sources.get(loc.file);
    let text: &str = &file.text;
    let floor = |at: u32| text.floor_char_boundary(at as usize);
    let (mut start, end) = (floor(loc.span.start), floor(loc.span.end));
    let mut end = start + text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r']).len();
    if start == end {
        let on_line = |c: &char| !matches!(c, '\n' | '\r');
        if let Some(next) = text[start..].chars().next().filter(on_line) {
            end += next.len_utf8();
        } else if let Some(before) = text[..start].chars().next_back().filter(on_line) {
            start -= before.len_utf8();
        }
    }
    (show(&file.path), start..end)
}

/// The suggested edit: lines as they are and as they would be.
fn fix(diagnostic: &Diagnostic, sources: &Sources, colours: bool) -> String {
    let Some(fix) = &diagnostic.fix else { return String::new() };
    let mut text = format!("  {}: {}\n", paint(colours, "32", "fix"), visible(&fix.title));
    // Edits on the same lines are shown together.
    let mut groups: Vec<(std::ops::Range<usize>, Vec<&Edit>)> = Vec::new();
    for edit in &fix.edits {
        let lines = whole_lines(sources.get(edit.loc.file), edit.loc);
        match groups.last_mut() {
            Some((last, edits)) if edits[0].loc.file == edit.loc.file && lines.start < last.end.max(last.start + 1) => {
                last.end = last.end.max(lines.end);
                edits.push(edit);
            }
            _ => groups.push((lines, vec![edit])),
        }
    }
    for (lines, edits) in groups {
        let file = sources.get(edits[0].loc.file);
        let number = file.lines.position(&file.text, lines.start as u32, Columns::Chars).line;
        let old = &file.text[lines.clone()];
        let new = apply(file, lines, &edits);
        let before = old.lines().map(|line| ('-', line));
        let after = new.lines().map(|line| ('+', line));
        for (mark, line) in before.chain(after) {
            let shown = format!("{mark} {}", visible_source(line).trim_end());
            let shown = if mark == '-' { paint(colours, "31", &shown) } else { paint(colours, "32", &shown) };
            text.push_str(&format!("    {number:>4} {shown}\n"));
        }
    }
    text
}

/// The lines that `loc` touches, without the last line's break.
fn whole_lines(file: &SourceFile, loc: Loc) -> std::ops::Range<usize> {
    let text: &str = &file.text;
    let (start, end) = (loc.span.start as usize, loc.span.end as usize);
    let from = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let to = text.get(end..).and_then(|after| after.find('\n')).map_or(text.len(), |at| end + at);
    from..to
}

fn apply(file: &SourceFile, lines: std::ops::Range<usize>, edits: &[&Edit]) -> String {
    let mut text = String::new();
    let mut at = lines.start;
    for edit in edits {
        text.push_str(file.text.get(at..edit.loc.span.start as usize).unwrap_or_default());
        text.push_str(&edit.text);
        at = edit.loc.span.end as usize;
    }
    text.push_str(file.text.get(at..lines.end).unwrap_or_default());
    text
}

/// Text in a terminal's colour, where colours are wanted.
fn paint(on: bool, codes: &str, text: &str) -> String {
    if on && !text.is_empty() { format!("\x1b[{codes}m{text}\x1b[0m") } else { text.to_owned() }
}

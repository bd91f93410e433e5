//! Declarations as text.

use super::{Declaration, OwnType, Param, Presence, Shape, Ty, text};

/// The whole source, in canonical layout.
pub(super) fn source(items: &[Declaration]) -> String {
    let parts: Vec<String> = items.iter().map(declaration).collect();
    layout(parts.join("\n"))
}

/// The text in canonical layout; as it is, should it not parse.
pub(super) fn layout(text: String) -> String {
    claw_syntax::format(&text).unwrap_or(text)
}

/// One declaration with its documentation, after the types it needs.
pub(super) fn declaration(d: &Declaration) -> String {
    let mut out = String::new();
    for own in 0..d.types.len() {
        out.push_str(&own_type(d, own));
        out.push('\n');
    }
    comments(&mut out, &d.doc, &d.notes);
    out.push_str(&format!("{} {}", d.kind.word(), text::path(&d.name)));
    list(&mut out, "(", &params(d, &d.params), ")");
    if d.wire != d.name {
        out.push_str(&format!(" as {}", text::string(&d.wire)));
    }
    if let Some(server) = &d.server {
        out.push_str(&format!(" on server {}", text::string(server)));
    }
    if d.pin {
        out.push_str(&format!(" pinned \"{}\"", d.digest));
    }
    out.push('\n');
    out
}

/// A record or an enum, and nothing if there is none.
pub(super) fn own_type(d: &Declaration, own: usize) -> String {
    let mut out = String::new();
    match d.types.get(own) {
        Some(OwnType { name, shape: Shape::Enum(values) }) => {
            let values: Vec<String> = values.iter().map(|v| text::variant(v)).collect();
            out.push_str(&format!("enum {name} {{ {} }}", values.join(", ")));
        }
        Some(OwnType { name, shape: Shape::Record(fields) }) => {
            out.push_str(&format!("record {name} "));
            list(&mut out, "{", &params(d, fields), "}");
        }
        None => {}
    }
    out.push('\n');
    out
}

fn params(d: &Declaration, params: &[Param]) -> Vec<String> {
    params.iter().map(|p| param(d, p)).collect()
}

/// On one line, or, where there are comments, with a line for each.
fn list(out: &mut String, open: &str, elements: &[String], close: &str) {
    out.push_str(open);
    if elements.iter().any(|e| e.contains('\n')) {
        out.push_str(&format!("\n{}\n", elements.join(",\n")));
    } else {
        let pad = if open == "{" && !elements.is_empty() { " " } else { "" };
        out.push_str(&format!("{pad}{}{pad}", elements.join(", ")));
    }
    out.push_str(close);
}

/// A parameter after its comments, each on a line of its own.
pub(super) fn param(d: &Declaration, p: &Param) -> String {
    let mut out = String::new();
    comments(&mut out, &p.doc, &p.notes);
    let mark = if p.presence == Presence::Optional { "?" } else { "" };
    out.push_str(&format!("{}{mark}: {}", text::field(&p.name), ty(d, &p.ty)));
    if let Presence::Default(literal) = &p.presence {
        out.push_str(&format!(" = {literal}"));
    }
    out
}

/// A type as it is written.
pub(super) fn ty(d: &Declaration, ty: &Ty) -> String {
    match ty {
        Ty::Word(word) => (*word).to_owned(),
        Ty::List(element) => format!("list<{}>", self::ty(d, element)),
        Ty::Own(own) => d.types.get(*own).map_or_else(|| "json".to_owned(), |t| t.name.clone()),
    }
}

/// Notes as `//`, documentation as `///`.
fn comments(out: &mut String, doc: &[String], notes: &[String]) {
    for note in notes {
        out.push_str(&format!("// {}\n", text::line(note)));
    }
    out.push_str(&doc_lines(doc));
}

/// Documentation, each line with its newline.
pub(super) fn doc_lines(doc: &[String]) -> String {
    doc.iter().map(|line| if line.is_empty() { "///\n".to_owned() } else { format!("/// {line}\n") }).collect()
}

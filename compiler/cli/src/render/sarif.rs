//! Findings as SARIF 2.1.0, for code scanning and for editors that show reports.
//!
//! Built as plain JSON: the crate of SARIF's types generates its code from the schema in a build script that brings
//! thirty packages, for the dozen shapes used here. Says nothing of the machine it runs on nor of the time, so that
//! equal policies give equal reports. Columns count UTF-16 units, as SARIF does unless told otherwise.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use claw_compiler::diagnostics::{Code, Diagnostic, Fix, Severity, page};
use claw_compiler::hir::Loc;
use claw_compiler::source::{Columns, Sources};
use serde_json::{Value, json};

use crate::failure::Exit;
use crate::files;
use crate::render::text::explained;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What relative addresses of files are relative to.
const ROOT: &str = "SRCROOT";

/// The findings of one run of `clawc check`.
#[derive(Debug, Default)]
pub struct Log {
    rules: BTreeSet<Code>,
    /// Each still without its rule's index, which is known once all rules are.
    results: Vec<(Code, Value)>,
}

impl Log {
    pub fn add(&mut self, diagnostics: &[Diagnostic], sources: &Sources, show: &dyn Fn(&str) -> String) {
        let places = Places { sources, show };
        for diagnostic in diagnostics {
            self.rules.insert(diagnostic.code);
            self.results.push((diagnostic.code, result(diagnostic, &places)));
        }
    }

    /// The whole report. `help` turns a code into the address of its page, where the pages are published.
    pub fn finish(self, files: &BTreeSet<String>, exit: Exit, help: &dyn Fn(Code) -> Option<String>) -> Value {
        let index = |code: Code| self.rules.iter().position(|rule| *rule == code);
        let results = self.results.iter().map(|(code, result)| with(result.clone(), "ruleIndex", json!(index(*code))));
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "clawc",
                    "version": env!("CARGO_PKG_VERSION"),
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": self.rules.iter().map(|code| rule(*code, help(*code))).collect::<Vec<_>>(),
                } },
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": { ROOT: { "description": { "text": "The directory that clawc ran in." } } },
                "invocations": [{ "executionSuccessful": true, "exitCode": exit as u8 }],
                "artifacts": files.iter().filter(|file| !is_builtin(file)).map(|file| artifact(file)).collect::<Vec<_>>(),
                "results": results.collect::<Vec<_>>(),
            }],
        })
    }
}

fn with(mut object: Value, key: &str, value: Value) -> Value {
    object[key] = value;
    object
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// What SARIF calls a rule: the kind of finding, with its page.
fn rule(code: Code, help: Option<String>) -> Value {
    let mut rule = json!({ "id": code.as_str(), "properties": { "tags": ["claw"] } });
    if let Some(info) = code.info() {
        rule["shortDescription"] = json!({ "text": info.title });
        rule["defaultConfiguration"] = json!({ "level": level(info.severity) });
    }
    if let Some(page) = page(code.as_str()) {
        let page = plain_fences(page);
        if let Some(first) = first_paragraph(&page) {
            rule["fullDescription"] = json!({ "text": first });
        }
        rule["help"] = json!({ "text": page, "markdown": page });
    }
    if let Some(uri) = help {
        rule["helpUri"] = json!(uri);
    }
    rule
}

/// The page without what its own tests write behind a fence, such as `error=E0101`.
fn plain_fences(page: &str) -> String {
    page.lines()
        .map(|line| if line.starts_with("```claw ") { "```claw\n".to_owned() } else { format!("{line}\n") })
        .collect()
}

fn first_paragraph(page: &str) -> Option<&str> {
    page.split("\n\n").map(str::trim).find(|part| !part.is_empty() && !part.starts_with(['#', '`']))
}

fn artifact(file: &str) -> Value {
    json!({ "location": location(file), "sourceLanguage": "claw", "roles": ["analysisTarget"] })
}

fn result(diagnostic: &Diagnostic, places: &Places<'_>) -> Value {
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "level": level(diagnostic.severity),
        "message": { "text": explained(diagnostic) },
        "locations": [{ "physicalLocation": places.physical(diagnostic.primary.loc) }],
    });
    let related = diagnostic.labels.iter().zip(1..).map(|(label, id)| {
        let message = json!({ "text": label.text });
        json!({ "id": id, "physicalLocation": places.physical(label.loc), "message": message })
    });
    let related: Vec<_> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    if let Some(fix) = &diagnostic.fix {
        result["fixes"] = json!([places.fix(fix)]);
    }
    result
}

/// From places in sources to SARIF's.
struct Places<'a> {
    sources: &'a Sources,
    show: &'a dyn Fn(&str) -> String,
}

impl Places<'_> {
    fn location(&self, loc: Loc) -> Value {
        location(&(self.show)(&self.sources.get(loc.file).path))
    }

    fn physical(&self, loc: Loc) -> Value {
        json!({ "artifactLocation": self.location(loc), "region": self.region(loc) })
    }

    /// The end is the column behind the last one.
    fn region(&self, loc: Loc) -> Value {
        let file = self.sources.get(loc.file);
        let at = |offset| file.lines.position(&file.text, offset, Columns::Utf16);
        let (start, end) = (at(loc.span.start), at(loc.span.end));
        json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
    }

    fn fix(&self, fix: &Fix) -> Value {
        let mut changes: Vec<(Value, Vec<Value>)> = Vec::new();
        for edit in &fix.edits {
            let file = self.location(edit.loc);
            let replacement =
                json!({ "deletedRegion": self.region(edit.loc), "insertedContent": { "text": edit.text } });
            match changes.iter_mut().find(|(changed, _)| *changed == file) {
                Some((_, replacements)) => replacements.push(replacement),
                None => changes.push((file, vec![replacement])),
            }
        }
        let changes = changes
            .into_iter()
            .map(|(file, replacements)| json!({ "artifactLocation": file, "replacements": replacements }));
        json!({ "description": { "text": fix.title }, "artifactChanges": changes.collect::<Vec<_>>() })
    }
}

/// The address of a file: relative to the current directory where it lies below.
fn location(path: &str) -> Value {
    if is_builtin(path) {
        return json!({ "uri": format!("claw:{path}") });
    }
    let path = Path::new(path);
    let inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    if inside(path) {
        return json!({ "uri": escaped(path), "uriBaseId": ROOT });
    }
    let absolute = std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| files::tidy(&path));
    match std::env::current_dir().ok().and_then(|here| absolute.strip_prefix(here).ok().map(Path::to_owned)) {
        Some(below) if inside(&below) => json!({ "uri": escaped(&below), "uriBaseId": ROOT }),
        _ => json!({ "uri": format!("file:///{}", escaped(&absolute)) }),
    }
}

/// Whether this is a module that ships with the compiler, and no file.
fn is_builtin(path: &str) -> bool {
    path.starts_with("std.") && !path.ends_with(".claw")
}

/// The path as it stands in an address, without a slash in front.
fn escaped(path: &Path) -> String {
    let part = |part: Component<'_>| match part {
        Component::RootDir => None,
        other => Some(other.as_os_str().to_string_lossy().bytes().map(escaped_byte).collect::<String>()),
    };
    path.components().filter_map(part).collect::<Vec<_>>().join("/")
}

fn escaped_byte(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_addresses() {
        let uri = |path: &str| location(path)["uri"].as_str().unwrap().to_owned();
        assert_eq!(uri("a b/ä#%.claw"), "a%20b/%C3%A4%23%25.claw");
        assert_eq!(uri("c:d.claw"), "c%3Ad.claw", "no scheme");
        assert_eq!(uri("/etc/p.claw"), "file:///etc/p.claw");
        assert!(uri("../p.claw").starts_with("file:///"), "{}", uri("../p.claw"));
        assert_eq!(location("/etc/p.claw").get("uriBaseId"), None);
        assert_eq!(location("std.mail"), json!({ "uri": "claw:std.mail" }));
        let here = std::env::current_dir().unwrap().join("x/p.claw");
        assert_eq!(location(here.to_str().unwrap()), json!({ "uri": "x/p.claw", "uriBaseId": ROOT }));
    }

    #[test]
    fn the_first_paragraph_of_a_page_is_its_description() {
        let page = "# E1: a title\n\nWhat it means.\nMore.\n\n```claw error=E1\nx\n```\n";
        assert_eq!(first_paragraph(page), Some("What it means.\nMore."));
        assert!(plain_fences(page).contains("\n```claw\nx\n```\n"));
        assert_eq!(first_paragraph("# only a title\n"), None);
    }
}

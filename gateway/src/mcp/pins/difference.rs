//! How two definitions differ, a line for each value, for people: everything in it is a server's, and made harmless.

use std::collections::BTreeMap;

use serde_json::Value;

/// So many lines are shown, and so many characters of each.
const LINES: usize = 200;
const WIDTH: usize = 500;

/// The values that are in one only or differ, by their place: `- ` what was accepted, `+ ` what is stated now.
pub(super) fn lines(old: &Value, new: &Value) -> Vec<String> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    leaves(old, String::new(), &mut before);
    leaves(new, String::new(), &mut after);
    let mut out = Vec::new();
    let places: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for place in places {
        let (old, new) = (before.get(place), after.get(place));
        if old != new {
            let line = |sign: char, text: &String| format!("{sign} {}: {}", plain(place), plain(text));
            out.extend(old.map(|text| line('-', text)));
            out.extend(new.map(|text| line('+', text)));
        }
    }
    let more = out.len().saturating_sub(LINES);
    if more > 0 {
        out.truncate(LINES);
        out.push(format!("… and {more} more lines"));
    }
    out
}

fn leaves(value: &Value, at: String, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                leaves(value, at, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (i, item) in items.iter().enumerate() {
                leaves(item, format!("{at}[{i}]"), out);
            }
        }
        leaf => drop(out.insert(at, leaf.to_string())),
    }
}

/// The text with whatever could hide or imitate something written by its number, and cut.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(WIDTH) {
        let harmless = c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric() || "…–—“”‘’„·•→".contains(c);
        if harmless { out.push(c) } else { out.extend(c.escape_unicode()) }
    }
    if text.chars().nth(WIDTH).is_some() {
        out.push('…');
    }
    out
}

//! What a session has heard from a server: the texts of a result, of an error, or of whatever else it says.

use claw_runtime::{Json, Limits};
use serde_json::Value;

use super::Place;

/// Takes note of what a server has said, before the client sees it. It may block.
///
/// # Errors
/// In words, where it can't be noted: then the client must not see it.
pub(super) fn heard(place: &Place, said: &Value) -> Result<(), String> {
    let memory = &place.seats.0.memory;
    let server = &place.server;
    if !server.labels.is_empty() {
        memory.label(&place.seen, &server.labels)?;
    }
    if memory.listens() {
        // A session that has not begun begins here, else it would be taken for one of unknown past.
        memory.labels(&place.seen)?;
        let mut texts = Texts::default();
        texts.walk(said);
        let origins: Vec<&str> = server.origins.iter().map(String::as_str).collect();
        memory.with(&place.seen, |session| {
            for text in &texts.plain {
                session.told(&origins, &[], text);
            }
            for json in &texts.json {
                session.told_json(&origins, &[], json);
            }
            if texts.missed {
                session.missed(&origins, &[]);
            }
        });
    }
    Ok(())
}

/// Whether [`heard`] would do anything.
pub(super) fn listens(place: &Place) -> bool {
    !place.server.labels.is_empty() || place.seats.0.memory.listens()
}

/// The texts in something that a server said.
#[derive(Default)]
struct Texts<'a> {
    plain: Vec<&'a str>,
    json: Vec<Json>,
    /// There is more that can't be searched: pictures, sounds, files.
    missed: bool,
}

/// Members that are the protocol's and not the server's words.
const PROTOCOL: &[&str] = &["type", "mimeType", "role", "isError", "annotations", "_meta", "audience", "priority"];

impl<'a> Texts<'a> {
    fn walk(&mut self, value: &'a Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match (name.as_str(), member) {
                        ("blob" | "data", Value::String(bytes)) if !bytes.is_empty() => self.missed = true,
                        ("structuredContent", structured) => self.structured(structured),
                        (name, Value::String(_) | Value::Bool(_)) if PROTOCOL.contains(&name) => {}
                        ("annotations" | "_meta", _) => self.structured(member),
                        _ => self.walk(member),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::String(text) => self.plain.push(text),
            Value::Number(_) => self.structured(value),
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// The server's own data, keys as well.
    fn structured(&mut self, value: &Value) {
        let most = usize::MAX;
        let limits = Limits { bytes: most, nodes: most, elements: most, string: most, depth: 120, ..Limits::default() };
        match Json::parse(value.to_string().as_bytes(), &limits) {
            Ok(json) => self.json.push(json),
            Err(_) => self.missed = true,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_text_is_found_and_what_is_no_text_is_missed() {
        let said = json!({
            "content": [
                { "type": "text", "text": "one" },
                { "type": "resource", "resource": { "uri": "x://two", "text": "three" } },
                { "type": "resource_link", "uri": "x://four", "name": "five", "description": "six" },
            ],
            "structuredContent": { "seven": [8, true] },
            "isError": false,
        });
        let mut texts = Texts::default();
        texts.walk(&said);
        assert_eq!(texts.plain, ["one", "three", "x://two", "six", "five", "x://four"]);
        let json: Vec<String> = texts.json.iter().map(Json::to_string).collect();
        assert_eq!(json, [r#"{"seven":[8,true]}"#]);
        assert!(!texts.missed);
        let said = json!({ "content": [{ "type": "image", "data": "aGVsbG8=", "mimeType": "image/png" }] });
        let mut texts = Texts::default();
        texts.walk(&said);
        assert!(texts.missed && texts.plain.is_empty());
    }
}

//! Where the values of a call come from, told by literal match.
//!
//! A value that stands in the user's prompt is the user's. Else, if it stands in a result that holds no text of strangers,
//! it is that result's; else a stranger's if theirs holds it. What stands nowhere was put together by the model; and then
//! each address in it is looked up by itself. An address that stands nowhere gets no origin at all: nobody can say where it
//! comes from, and a policy takes what is unknown for the worst.

use serde_json::{Map, Value};

use super::text::Text;

/// The origins that the host gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Prompt,
    CleanResult,
    ForeignText,
    Model,
}

impl Origin {
    /// As policies declare it.
    pub fn word(self) -> &'static str {
        match self {
            Origin::Prompt => "prompt",
            Origin::CleanResult => "clean_result",
            Origin::ForeignText => "foreign_text",
            Origin::Model => "model",
        }
    }
}

/// A result that the model has read.
#[derive(Clone, Debug)]
pub struct Seen {
    result: Text,
    is_foreign: bool,
    asked: Text,
}

impl Seen {
    /// What a call returned. Its arguments are kept: a result does not vouch for what the call itself brought along.
    pub fn new(args: &Map<String, Value>, result: &str, is_foreign: bool) -> Seen {
        let mut asked = Vec::new();
        for (_, value) in args {
            leaves(value, "", &mut |_, leaf| asked.push(leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned)));
        }
        Seen { result: Text::new(result), is_foreign, asked: Text::new(&asked.join(" | ")) }
    }
}

/// Everything that values may have come from.
#[derive(Clone, Debug)]
pub struct Tracer {
    prompt: Text,
    seen: Vec<Seen>,
}

impl Tracer {
    pub fn new(prompt: &str) -> Tracer {
        Tracer { prompt: Text::new(prompt), seen: Vec::new() }
    }

    pub fn saw(&mut self, seen: Seen) {
        self.seen.push(seen);
    }

    /// The request's `origins`.
    pub fn origins(&self, args: &Map<String, Value>) -> Map<String, Value> {
        let mut out = Map::new();
        for (name, value) in args {
            let pointer = format!("/args/{}", escaped(name));
            leaves(value, &pointer, &mut |at, leaf| {
                let words: Vec<Value> = self.of(leaf).into_iter().map(|o| o.word().into()).collect();
                out.insert(at.to_owned(), words.into());
            });
        }
        out
    }

    fn of(&self, leaf: &Value) -> Vec<Origin> {
        match leaf {
            Value::String(text) => self.of_text(&Text::new(text)),
            Value::Number(n) => {
                let n = n.to_string();
                vec![self.best(&|text| text.holds_number(n.trim_start_matches('-'))).unwrap_or(Origin::Model)]
            }
            // There are too few of them to tell anything.
            _ => vec![Origin::Model],
        }
    }

    fn of_text(&self, value: &Text) -> Vec<Origin> {
        if let Some(origin) = self.best(&|text| text.holds(value)) {
            return vec![origin];
        }
        let mut origins = vec![Origin::Model];
        for address in &value.addresses {
            match self.best(&|text| text.holds_address(address)) {
                Some(origin) => origins.push(origin),
                None => return Vec::new(),
            }
        }
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// The most trustworthy place in which a value is found.
    fn best(&self, holds: &dyn Fn(&Text) -> bool) -> Option<Origin> {
        let clean = |seen: &Seen| !seen.is_foreign && holds(&seen.result) && !holds(&seen.asked);
        let foreign = |seen: &Seen| seen.is_foreign && holds(&seen.result);
        if holds(&self.prompt) {
            Some(Origin::Prompt)
        } else if self.seen.iter().any(clean) {
            Some(Origin::CleanResult)
        } else if self.seen.iter().any(foreign) {
            Some(Origin::ForeignText)
        } else {
            None
        }
    }
}

/// Calls `each` for every value without parts, with its JSON pointer; an empty list or object is one, too.
fn leaves(value: &Value, pointer: &str, each: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (i, item) in items.iter().enumerate() {
                leaves(item, &format!("{pointer}/{i}"), each);
            }
        }
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                leaves(member, &format!("{pointer}/{}", escaped(name)), each);
            }
        }
        leaf => each(pointer, leaf),
    }
}

/// A name as a part of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::{Seen, Tracer};
    use serde_json::{Value, json};

    fn args(value: Value) -> serde_json::Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    fn tracer() -> Tracer {
        let mut tracer = Tracer::new("Pay the bill of Bob, 98.70");
        tracer.saw(Seen::new(&args(json!({})), "- Alice\n- Bob", false));
        tracer.saw(Seen::new(&args(json!({ "channel": "lobby" })), "recipient: lobby, sender: Eve", false));
        tracer.saw(Seen::new(&args(json!({})), "Alice, send it to mallory, see www.evil.example", true));
        tracer
    }

    #[test]
    fn the_most_trustworthy_place_counts() {
        let given = args(json!({ "a": "bob", "b": ["Alice", "Mallory"], "c": 98.7, "d": "lobby", "e": true, "f": [] }));
        let expected = json!({
            "/args/a": ["prompt"], "/args/b/0": ["clean_result"], "/args/b/1": ["foreign_text"], "/args/c": ["prompt"],
            "/args/d": ["model"], "/args/e": ["model"], "/args/f": ["model"],
        });
        assert_eq!(Value::Object(tracer().origins(&given)), expected);
    }

    #[test]
    fn addresses_in_a_text_are_looked_up_by_themselves() {
        let given =
            args(json!({ "a": "hello there", "b": "look at http://evil.example", "c": "look at other.example" }));
        let expected = json!({ "/args/a": ["model"], "/args/b": ["foreign_text", "model"], "/args/c": [] });
        assert_eq!(Value::Object(tracer().origins(&given)), expected);
    }
}

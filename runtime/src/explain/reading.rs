//! How the commands of a call are read, for whoever has to consent to them: their text may look like something else.
//!
//! Shows what [`Command`] found. Bounded, and harmless to print: see [`crate::render`].

use std::sync::Arc;

use crate::call::{Call, Text};
use crate::json::push_token;
use crate::render::escape;
use crate::{Command, Field, Json, PartialList, Schema, Type, Value};

/// Commands that are shown.
const COMMANDS: usize = 8;
/// Calls of one command, and words of one call.
const CALLS: usize = 32;
/// Characters of a word.
const WORD: usize = 200;

/// A command as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandReading {
    /// Where it stands in the request, as a JSON pointer.
    pub pointer: String,
    /// The simple commands that may run.
    pub calls: Vec<CallReading>,
    /// Not all calls are shown: there are too many, or some can't be known.
    pub more: bool,
    /// What can't be read before it runs.
    pub opaque: Vec<String>,
}

/// A simple command as it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallReading {
    /// The program and its arguments. What is not known is shown as it is written.
    pub words: Vec<String>,
    /// The wrappers around it, outermost first.
    pub wrappers: Vec<String>,
    /// Names of the variables that are set for it.
    pub env: Vec<String>,
    /// Files that are redirected into it.
    pub reads: Vec<String>,
    /// Files that its output is redirected to.
    pub writes: Vec<String>,
}

/// The commands among a call's arguments, in order.
pub(super) fn commands(values: &[Option<Value>], fields: &[Field], schema: &Schema) -> Vec<CommandReading> {
    let mut out = Vec::new();
    if fields.iter().any(|field| may_hold(&field.ty)) {
        in_fields(values, fields, schema, &mut "/args".to_owned(), &mut out);
    }
    out
}

fn in_fields(
    values: &[Option<Value>],
    fields: &[Field],
    schema: &Schema,
    at: &mut String,
    out: &mut Vec<CommandReading>,
) {
    for (value, field) in values.iter().zip(fields) {
        if let Some(value) = value
            && may_hold(&field.ty)
        {
            below(&field.name, at, |at| in_value(value, &field.ty, schema, at, out));
        }
    }
}

fn in_value(value: &Value, ty: &Type, schema: &Schema, at: &mut String, out: &mut Vec<CommandReading>) {
    match (value, ty) {
        (Value::Command(command), _) if out.len() < COMMANDS => out.push(reading(command, at)),
        (Value::List(items) | Value::Set(items), Type::List(element) | Type::Set(element)) if may_hold(element) => {
            for (i, item) in items.iter().enumerate() {
                below(&i.to_string(), at, |at| in_value(item, element, schema, at, out));
            }
        }
        (Value::Record(values), Type::Record(id)) => {
            if let Some(record) = schema.record(*id) {
                in_fields(values, &record.fields, schema, at, out);
            }
        }
        _ => {}
    }
}

/// Could a value of this type hold a command? Most can't, and need no looking into.
fn may_hold(ty: &Type) -> bool {
    match ty {
        Type::List(element) | Type::Set(element) => may_hold(element),
        Type::Command(_) | Type::AnyCommand | Type::Record(_) => true,
        _ => false,
    }
}

/// Goes one step down for the time of `then`.
fn below(key: &str, at: &mut String, then: impl FnOnce(&mut String)) {
    let before = at.len();
    push_token(at, key);
    then(at);
    at.truncate(before);
}

fn reading(command: &Command, at: &str) -> CommandReading {
    let calls = command.calls();
    CommandReading {
        pointer: at.to_owned(),
        calls: calls.items.iter().take(CALLS).filter_map(call).collect(),
        more: !calls.complete || calls.items.len() > CALLS,
        opaque: strings(&command.opaque_because()),
    }
}

fn call(value: &Value) -> Option<CallReading> {
    let Value::Call(call) = value else { return None };
    let Call { program, args, wrappers, env, reads, writes, .. } = &**call;
    Some(CallReading {
        words: shown(std::iter::once(program).chain(args)),
        wrappers: names(wrappers),
        env: names(env),
        reads: shown(reads.iter()),
        writes: shown(writes.iter()),
    })
}

fn shown<'a>(texts: impl Iterator<Item = &'a Text>) -> Vec<String> {
    bounded(texts.map(Text::as_read))
}

fn names(names: &[Arc<str>]) -> Vec<String> {
    bounded(names.iter())
}

fn strings(list: &PartialList) -> Vec<String> {
    bounded(list.items.iter().filter_map(Value::as_str))
}

fn bounded(texts: impl Iterator<Item = impl AsRef<str>>) -> Vec<String> {
    let mut out = Vec::new();
    for (i, text) in texts.enumerate() {
        let mut shown = String::new();
        if i == CALLS {
            out.push("…".to_owned());
            break;
        }
        escape(text.as_ref(), WORD, &mut shown);
        out.push(shown);
    }
    out
}

impl CommandReading {
    /// As it stands in a decision's `commands`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let calls = self.calls.iter().map(CallReading::to_json).collect();
        let mut out = vec![("at".into(), Json::str(self.pointer.as_str())), ("calls".into(), Json::Arr(calls))];
        if self.more {
            out.push(("more".into(), Json::Bool(true)));
        }
        put(&mut out, "opaque", &self.opaque);
        Json::Obj(out)
    }
}

impl CallReading {
    fn to_json(&self) -> Json {
        let mut out = Vec::new();
        put(&mut out, "words", &self.words);
        put(&mut out, "wrappers", &self.wrappers);
        put(&mut out, "env", &self.env);
        put(&mut out, "reads", &self.reads);
        put(&mut out, "writes", &self.writes);
        Json::Obj(out)
    }
}

fn put(out: &mut Vec<(Arc<str>, Json)>, key: &str, texts: &[String]) {
    if !texts.is_empty() {
        out.push((key.into(), Json::Arr(texts.iter().map(|text| Json::str(text.as_str())).collect())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ShellDialect;

    fn read(text: &str) -> String {
        reading(&Command::new(ShellDialect::Bash, text), "/args/c").to_json().canonical()
    }

    #[test]
    fn what_is_run_and_not_what_it_looks_like() {
        assert_eq!(
            read("A=1 sudo r\\m \"$x\" 'a b' > f < g"),
            r#"{"at":"/args/c","calls":[{"env":["A"],"reads":["g"],"words":["rm","\"$x\"","'a b'"],"wrappers":["sudo"],"writes":["f"]}]}"#
        );
        let opaque = read("ls; eval $x");
        assert!(opaque.contains(r#""words":["ls"]"#) && opaque.contains(r#""more":true"#), "{opaque}");
        assert!(opaque.contains(r#""opaque":["byte"#), "{opaque}");
    }

    #[test]
    fn what_is_shown_is_bounded_and_harmless() {
        let long = format!("{} 'a\u{202e}b' {}", "x".repeat(5_000), "w ".repeat(5_000));
        let shown = read(&[long.as_str(); 5].join(";"));
        assert!(shown.len() < 20_000 && !shown.contains('\u{202e}'), "{}", shown.len());
    }
}

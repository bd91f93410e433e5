//! Where argument values came from: the host's statements by pointer, made into one answer per argument and field.
//!
//! A value's origins are the union over its parts, and each part inherits those of its nearest ancestor. A part without
//! any makes the whole unknown.

use std::collections::{BTreeMap, BTreeSet};

use crate::bundle::ToolDef;
use crate::error::did_you_mean;
use crate::json::push_token;
use crate::request::shown;
use crate::{Field, Invalid, Json, Policy, Type, Value};

/// (argument, field indices below it, its origins or unknown).
pub(super) type Answers = Vec<(u32, Vec<u32>, Option<Value>)>;

/// The origins of every argument and of every field of record arguments. Empty, that is unknown, if the host says nothing.
pub(super) fn origins(
    policy: &Policy,
    tool: &ToolDef,
    said: &BTreeMap<String, Vec<String>>,
    args: &Json,
) -> Result<Answers, Invalid> {
    if said.is_empty() {
        return Ok(Vec::new());
    }
    for (pointer, names) in said {
        check(policy, pointer, names)?;
    }
    let inherited = said.get("/args");
    let mut walk = Walk { policy, said, answers: Vec::new() };
    walk.fields(args, &tool.params, &mut Vec::new(), "/args", inherited);
    Ok(walk.answers)
}

fn check(policy: &Policy, pointer: &str, names: &[String]) -> Result<(), Invalid> {
    let mut at = "/origins".to_owned();
    push_token(&mut at, pointer);
    if pointer != "/args" && !pointer.starts_with("/args/") {
        return Err(Invalid::new(at, "origins are those of arguments: a pointer begins with `/args`"));
    }
    match names.iter().find(|name| !policy.bundle.origins.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let hint = did_you_mean(name, policy.bundle.origins.iter().map(String::as_str));
            Err(Invalid::new(at, format!("the policy declares no origin `{}`{hint}", shown(name))))
        }
    }
}

struct Walk<'a> {
    policy: &'a Policy,
    said: &'a BTreeMap<String, Vec<String>>,
    answers: Answers,
}

impl<'a> Walk<'a> {
    /// Answers for the fields of an object that are there. `path` ends where the object stands.
    fn fields(
        &mut self,
        json: &Json,
        fields: &[Field],
        path: &mut Vec<u32>,
        pointer: &str,
        inherited: Option<&'a Vec<String>>,
    ) {
        for (field, i) in fields.iter().zip(0u32..) {
            let Some(value) = json.get(&field.name).filter(|value| **value != Json::Null) else { continue };
            let mut at = pointer.to_owned();
            push_token(&mut at, &field.name);
            let said = self.said.get(&at).or(inherited);
            let mut parts = BTreeSet::new();
            let known = self.union(value, &at, said, &mut parts);
            path.push(i);
            if let Some((arg, below)) = path.split_first() {
                let origins = parts.iter().map(|origin| Value::str(*origin)).collect();
                self.answers.push((*arg, below.to_vec(), known.then(|| Value::set(origins))));
            }
            if let Type::Record(id) = &field.ty
                && let Some(record) = self.policy.bundle.schema.record(*id)
            {
                self.fields(value, &record.fields, path, &at, said);
            }
            path.pop();
        }
    }

    /// Adds the origins of all parts; false if one has none. The input's depth is bounded by the JSON reader.
    fn union(
        &self,
        json: &Json,
        pointer: &str,
        inherited: Option<&'a Vec<String>>,
        out: &mut BTreeSet<&'a str>,
    ) -> bool {
        let below = |key: &str, part: &Json, out: &mut BTreeSet<&'a str>| {
            let mut at = pointer.to_owned();
            push_token(&mut at, key);
            self.union(part, &at, self.said.get(&at).or(inherited), out)
        };
        match json {
            Json::Arr(items) if !items.is_empty() => {
                items.iter().enumerate().fold(true, |known, (i, item)| below(&i.to_string(), item, out) && known)
            }
            Json::Obj(members) if !members.is_empty() => {
                members.iter().fold(true, |known, (key, part)| below(key, part, out) && known)
            }
            _ => {
                out.extend(inherited.into_iter().flatten().map(String::as_str));
                inherited.is_some_and(|origins| !origins.is_empty())
            }
        }
    }
}

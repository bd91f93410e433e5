//! What is to be shown to whoever votes: exactly what the request's digest is taken over, and nothing else.
//!
//! Facts that are not digested (the clock, labels, attributes of agents) may be others when the call is executed, and
//! whoever saw them would have approved something else. Secrets are left out, with a note where. Knows nothing of how
//! it is shown.

use crate::json::push_token;
use crate::{Field, Json, Policy, Request, Schema, Type, Value};

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The digested values: `tenant`, `session`, `agent`, `chain`, `user`, `kind`, `server`, `tool`, `digest` (of the
    /// tool's definition), `environment`, `context`, `args` and `resolved`. Secrets are `null`.
    pub values: Json,
    /// Where secrets stand, as JSON pointers into the values.
    pub secrets: Vec<String>,
}

impl Policy {
    /// What approvers of the request are to be shown. `self` is the policy that prepared it.
    #[must_use]
    pub fn subject(&self, request: &Request) -> Subject {
        let mut subject = Subject { values: request.digest_json(self), secrets: Vec::new() };
        let params = self.bundle.tools.get(request.tool.index()).map(|tool| tool.params.as_slice());
        let args = request.known_args(self).unwrap_or_default();
        let context = request.context.as_deref().unwrap_or_default();
        for (root, values, fields) in
            [("args", args, params.unwrap_or_default()), ("context", context, self.bundle.context.as_slice())]
        {
            let mut mask = Mask { schema: &self.bundle.schema, at: format!("/{root}"), found: &mut subject.secrets };
            if let Some(json) = member(&mut subject.values, root) {
                mask.fields(values, fields, json);
            }
        }
        subject
    }
}

fn member<'a>(json: &'a mut Json, key: &str) -> Option<&'a mut Json> {
    let Json::Obj(members) = json else { return None };
    members.iter_mut().find(|(name, _)| &**name == key).map(|(_, value)| value)
}

/// Walks a value and its JSON side by side.
struct Mask<'a> {
    schema: &'a Schema,
    at: String,
    found: &'a mut Vec<String>,
}

impl Mask<'_> {
    fn fields(&mut self, values: &[Option<Value>], fields: &[Field], json: &mut Json) {
        for (value, field) in values.iter().zip(fields) {
            if let (Some(value), Some(json)) = (value, member(json, &field.name)) {
                self.below(&field.name, |mask| mask.value(value, &field.ty, json));
            }
        }
    }

    fn value(&mut self, value: &Value, ty: &Type, json: &mut Json) {
        match (value, ty) {
            (Value::Secret(_), _) => {
                *json = Json::Null;
                self.found.push(self.at.clone());
            }
            (Value::List(items) | Value::Set(items), Type::List(element) | Type::Set(element)) => {
                let Json::Arr(shown) = json else { return };
                for (i, (item, json)) in items.iter().zip(shown).enumerate() {
                    self.below(&i.to_string(), |mask| mask.value(item, element, json));
                }
            }
            (Value::Record(values), Type::Record(id)) => {
                let schema = self.schema;
                if let Some(record) = schema.record(*id) {
                    self.fields(values, &record.fields, json);
                }
            }
            _ => {}
        }
    }

    /// Goes one step down for the time of `then`.
    fn below(&mut self, key: &str, then: impl FnOnce(&mut Self)) {
        let before = self.at.len();
        push_token(&mut self.at, key);
        then(self);
        self.at.truncate(before);
    }
}

//! What of a call must not be written down.
//!
//! Two things are secret: arguments that the policy's types call `secret`, and whatever a constraint of a given name
//! (`redact`, unless the host says otherwise) lists. Where it can't be known what such a constraint would list, because
//! a denied call has none, everything is left out. Never a digest in a secret's place: short ones can be guessed.

use claw_runtime::bundle::{InstanceEffect, RuleEffect, ToolDef};
use claw_runtime::{Decision, Field, Json, Outcome, Policy, Schema, Type};

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// What is left out, and how much is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// The constraint that lists names of arguments, or JSON pointers into them (`/card/number`). Default `redact`.
    pub constraint: String,
    /// The most bytes of canonical arguments. Default 64 KiB.
    pub args_bytes: usize,
    /// The most bytes of any other text, such as a name or a message. Default 4 KiB.
    pub text_bytes: usize,
}

impl Default for Redaction {
    fn default() -> Redaction {
        Redaction { constraint: "redact".to_owned(), args_bytes: 64 << 10, text_bytes: 4 << 10 }
    }
}

/// Arguments without their secrets.
pub(crate) struct Redacted {
    pub(crate) args: Json,
    /// Something was left out.
    pub(crate) any: bool,
    /// Texts about the call may quote what was left out.
    pub(crate) quoted: bool,
}

impl Redaction {
    /// The decision's arguments without secrets. `tool` is the one that was called, if there is one.
    pub(crate) fn apply(&self, decision: &Decision, tool: Option<&ToolDef>, policy: &Policy) -> Redacted {
        let bundle = policy.bundle();
        let params = tool.map(|tool| tool.params.as_slice()).unwrap_or_default();
        let schema = &bundle.schema;
        if decision.args == Json::Null {
            // Not understood; the message may quote what should have been a secret.
            let quoted = params.iter().any(|param| has_secret(&param.ty, schema, 0)) || self.may_apply(tool, policy);
            return Redacted { args: Json::Null, any: quoted, quoted };
        }
        let mut args = decision.args.clone();
        // What messages show of a value of type `secret` is the word "(secret)".
        let mut any = hide_members(&mut args, params, schema, 0);
        let mut quoted = false;
        if decision.outcome == Outcome::Deny && self.may_apply(tool, policy) {
            (any, quoted) = (true, hide_all(&mut args));
        } else if let Some((_, listed)) = decision.constraints.iter().find(|(name, _)| *name == self.constraint) {
            match listed {
                Json::Arr(items) => {
                    for item in items {
                        quoted |= match item.as_str() {
                            Some(name) => hide_named(&mut args, name, params),
                            None => hide_all(&mut args),
                        };
                    }
                }
                _ => quoted = hide_all(&mut args),
            }
            any |= quoted;
        }
        Redacted { args, any, quoted }
    }

    /// Whether some rule may constrain calls of the tool so.
    fn may_apply(&self, tool: Option<&ToolDef>, policy: &Policy) -> bool {
        let Some(tool) = tool else { return false };
        let bundle = policy.bundle();
        let constrains = |effect: &RuleEffect| match effect {
            RuleEffect::Constrain { constraint, .. } => {
                let def = usize::try_from(*constraint).ok().and_then(|at| bundle.constraints.get(at));
                def.is_some_and(|def| def.name == self.constraint)
            }
            _ => false,
        };
        let start = tool.instances.start as usize;
        let range = start..start.saturating_add(tool.instances.len as usize);
        let instances = bundle.instances.get(range).unwrap_or_default();
        instances.iter().any(|instance| match &instance.effect {
            InstanceEffect::Rule { effects, .. } => effects.iter().any(constrains),
            _ => false,
        })
    }
}

/// Deeper types than this do not exist; one that did would be hidden as a whole.
const DEPTH: usize = 64;

/// Whether a value of this type can hold a secret.
fn has_secret(ty: &Type, schema: &Schema, depth: usize) -> bool {
    match ty {
        Type::Secret => true,
        Type::List(element) | Type::Set(element) => has_secret(element, schema, depth),
        Type::Record(id) => {
            let fields = schema.record(*id).map(|record| record.fields.as_slice()).unwrap_or_default();
            depth >= DEPTH || fields.iter().any(|field| has_secret(&field.ty, schema, depth + 1))
        }
        _ => false,
    }
}

/// Hides the secrets of an object with these fields. Members that are not declared can't be there; they are hidden.
fn hide_members(value: &mut Json, fields: &[Field], schema: &Schema, depth: usize) -> bool {
    let Json::Obj(members) = value else { return hide(value) };
    let mut any = false;
    for (key, member) in members {
        any |= match fields.iter().find(|field| *field.name == **key) {
            Some(field) => hide_secrets(member, &field.ty, schema, depth),
            None => hide(member),
        };
    }
    any
}

fn hide_secrets(value: &mut Json, ty: &Type, schema: &Schema, depth: usize) -> bool {
    match ty {
        Type::Secret => hide(value),
        Type::List(element) | Type::Set(element) => match value {
            Json::Arr(items) => {
                let mut any = false;
                for item in items {
                    any |= hide_secrets(item, element, schema, depth);
                }
                any
            }
            _ => has_secret(element, schema, depth) && hide(value),
        },
        Type::Record(_) if depth >= DEPTH => hide(value),
        Type::Record(id) => match schema.record(*id) {
            Some(record) => hide_members(value, &record.fields, schema, depth + 1),
            None => hide(value),
        },
        _ => false,
    }
}

/// Hides an argument, or what a pointer leads to. A name that is no parameter's hides everything: what was meant to
/// stay secret must not depend on how well it was spelt.
fn hide_named(args: &mut Json, name: &str, params: &[Field]) -> bool {
    let (first, rest) = match name.strip_prefix('/') {
        None => (name.to_owned(), ""),
        Some(pointer) => {
            let (first, rest) = pointer.split_once('/').map_or((pointer, ""), |(first, rest)| (first, rest));
            (unescape(first), rest)
        }
    };
    if !params.iter().any(|param| param.name == first) {
        return hide_all(args);
    }
    let Json::Obj(members) = args else { return hide(args) };
    match members.iter_mut().find(|(key, _)| **key == *first) {
        Some((_, argument)) if rest.is_empty() => hide(argument),
        Some((_, argument)) => hide_below(argument, rest),
        // An optional argument that this call does not have.
        None => false,
    }
}

/// A pointer that leads nowhere hides where it was lost.
fn hide_below(value: &mut Json, pointer: &str) -> bool {
    let (token, rest) = pointer.split_once('/').map_or((pointer, None), |(token, rest)| (token, Some(rest)));
    let token = unescape(token);
    let lost = match value {
        Json::Obj(members) => !members.iter().any(|(key, _)| **key == *token),
        Json::Arr(items) => token.parse::<usize>().ok().is_none_or(|at| at >= items.len()),
        _ => true,
    };
    if lost {
        return hide(value);
    }
    let found = match value {
        Json::Obj(members) => members.iter_mut().find(|(key, _)| **key == *token).map(|(_, member)| member),
        Json::Arr(items) => token.parse::<usize>().ok().and_then(|at| items.get_mut(at)),
        _ => None,
    };
    match (found, rest) {
        (Some(found), Some(rest)) => hide_below(found, rest),
        (Some(found), None) => hide(found),
        (None, _) => false,
    }
}

/// A reference token of RFC 6901.
fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Hides every argument and keeps their names.
fn hide_all(args: &mut Json) -> bool {
    match args {
        Json::Obj(members) => {
            for (_, value) in members {
                hide(value);
            }
        }
        other => {
            hide(other);
        }
    }
    true
}

fn hide(value: &mut Json) -> bool {
    *value = Json::str(REDACTED);
    true
}

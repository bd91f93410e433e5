//! Reads a decision back from its wire form: the inverse of [`Decision::to_json`].
//!
//! For hosts that get decisions over the wire, and for stores that keep what was answered. Judges nothing: a text that
//! says `allow` was not thereby decided by anyone.

use std::sync::Arc;

use super::{Applied, Approval, Decision, Effect, Outcome};
use crate::bundle::ClauseKind;
use crate::request::{Object, shown};
use crate::{CallReading, CommandReading, Digest, Duration, Invalid, Json};

impl Decision {
    /// The decision that [`Decision::to_json`] wrote so, equal in every field. Keys that it does not know are ignored.
    ///
    /// The error says where a value is missing, or is not what belongs there.
    pub fn from_json(json: &Json) -> Result<Decision, Invalid> {
        let object = Object::new(json, "")?;
        let policy = object.object("policy")?.ok_or_else(|| object.missing("policy"))?;
        Ok(Decision {
            call_id: object.text("call_id")?.map(Arc::from),
            outcome: word(&object, "decision", Outcome::from_code)?,
            reason: word(&object, "reason", |code| code.parse().ok())?,
            message: object.text("message")?,
            pointer: object.text("pointer")?,
            tier: object.text("tier")?.map(Arc::from),
            environment: object.text("environment")?.map(Arc::from),
            args: json.get("args").cloned().unwrap_or_default(),
            commands: each(&object, "commands", CommandReading::read)?,
            applied: each(&object, "applied", Applied::read)?,
            approvals: each(&object, "approvals", Approval::read)?,
            constraints: constraints(&object)?,
            marks: object.texts("marks")?,
            retry_after: duration(&object, "retry_after")?,
            shadow: each(&object, "shadow", Applied::read)?,
            replayed: flag(&object, "replayed")?,
            request_digest: digest(&object, "request_digest")?,
            package: policy.required("package")?.into(),
            policy_digest: digest(&policy, "digest")?.ok_or_else(|| policy.missing("digest"))?,
        })
    }
}

impl Applied {
    /// The effect that [`Applied::to_json`] wrote so, equal in every field.
    pub fn from_json(json: &Json) -> Result<Applied, Invalid> {
        Applied::read(&Object::new(json, "")?)
    }

    fn read(object: &Object<'_>) -> Result<Applied, Invalid> {
        let effect = match object.required("effect")?.as_str() {
            "grant" => Effect::Grant,
            "classify" => Effect::Classify(object.required("tier")?.into()),
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            "require" => Effect::Require(object.texts("approvals")?),
            "constrain" => Effect::Constrain(object.required("constraint")?.into()),
            "mark" => Effect::Mark(object.required("label")?.into()),
            "limit" => Effect::Limit,
            other => return Err(Invalid::new(object.at("effect"), format!("`{}` is no effect", shown(other)))),
        };
        let kind = match object.get("kind") {
            Some(_) => word(object, "kind", ClauseKind::from_code)?,
            None => effect.usual_kind(),
        };
        Ok(Applied {
            clause: object.required("clause")?.into(),
            kind,
            effect,
            message: object.text("message")?,
            suggest: object.text("suggest")?,
            unknown: object.texts("unknown")?,
            file: object.required("file")?.into(),
            line: number(object, "line")?,
            column: number(object, "column")?,
        })
    }
}

impl Approval {
    /// The approval that [`Approval::to_json`] wrote so, equal in every field.
    pub fn from_json(json: &Json) -> Result<Approval, Invalid> {
        Approval::read(&Object::new(json, "")?)
    }

    fn read(object: &Object<'_>) -> Result<Approval, Invalid> {
        let line = |line: &Object<'_>| Ok((number(line, "n")?, line.texts("roles")?));
        let required = |key: &str| duration(object, key)?.ok_or_else(|| object.missing(&format!("{key}_s")));
        Ok(Approval {
            id: object.required("id")?,
            digest: digest(object, "digest")?.ok_or_else(|| object.missing("digest"))?,
            by: each(object, "by", line)?,
            by_user: flag(object, "by_user")?,
            expires: required("expires")?,
            reuse: required("reuse")?,
            note_required: flag(object, "note_required")?,
            required_by: object.texts("required_by")?,
        })
    }
}

impl CommandReading {
    /// The reading that [`CommandReading::to_json`] wrote so, equal in every field.
    pub fn from_json(json: &Json) -> Result<CommandReading, Invalid> {
        CommandReading::read(&Object::new(json, "")?)
    }

    fn read(object: &Object<'_>) -> Result<CommandReading, Invalid> {
        Ok(CommandReading {
            pointer: object.required("at")?,
            calls: each(object, "calls", CallReading::read)?,
            more: flag(object, "more")?,
            opaque: object.texts("opaque")?,
        })
    }
}

impl CallReading {
    fn read(object: &Object<'_>) -> Result<CallReading, Invalid> {
        Ok(CallReading {
            words: object.texts("words")?,
            wrappers: object.texts("wrappers")?,
            env: object.texts("env")?,
            reads: object.texts("reads")?,
            writes: object.texts("writes")?,
        })
    }
}

/// The objects of a list, each read by `read`.
fn each<T>(
    object: &Object<'_>,
    key: &str,
    read: impl Fn(&Object<'_>) -> Result<T, Invalid>,
) -> Result<Vec<T>, Invalid> {
    let items = object.items(key)?.iter().enumerate();
    items.map(|(i, item)| read(&Object::new(item, &format!("{}/{i}", object.at(key)))?)).collect()
}

/// Values of constraints may be `null`, which elsewhere counts as absent.
fn constraints(object: &Object<'_>) -> Result<Vec<(String, Json)>, Invalid> {
    match object.get("constraints") {
        None => Ok(Vec::new()),
        Some(Json::Obj(members)) => Ok(members.iter().map(|(k, v)| (k.as_ref().to_owned(), v.clone())).collect()),
        Some(other) => Err(wrong(object, "constraints", "an object", other)),
    }
}

/// One of a closed list of words.
fn word<T>(object: &Object<'_>, key: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Invalid> {
    let word = object.required(key)?;
    read(&word).ok_or_else(|| Invalid::new(object.at(key), format!("`{}` is not a {key} that is known", shown(&word))))
}

fn flag(object: &Object<'_>, key: &str) -> Result<bool, Invalid> {
    match object.get(key) {
        None => Ok(false),
        Some(Json::Bool(flag)) => Ok(*flag),
        Some(other) => Err(wrong(object, key, "a boolean", other)),
    }
}

fn number<T: std::str::FromStr>(object: &Object<'_>, key: &str) -> Result<T, Invalid> {
    match object.get(key).ok_or_else(|| object.missing(key))? {
        Json::Num(text) => {
            text.parse().map_err(|_| Invalid::new(object.at(key), format!("`{}` is out of range", shown(text))))
        }
        other => Err(wrong(object, key, "a number", other)),
    }
}

/// Whole seconds under `…_s`; where that is rounded up, the exact milliseconds stand beside it under `…_ms`.
fn duration(object: &Object<'_>, key: &str) -> Result<Option<Duration>, Invalid> {
    let (millis, seconds) = (format!("{key}_ms"), format!("{key}_s"));
    if object.get(&millis).is_some() {
        return number(object, &millis).map(|millis| Some(Duration::from_millis(millis)));
    }
    if object.get(&seconds).is_none() {
        return Ok(None);
    }
    let whole = Duration::from_millis(1_000).checked_mul(number(object, &seconds)?);
    whole.map(Some).ok_or_else(|| Invalid::new(object.at(&seconds), "this is too long"))
}

fn digest(object: &Object<'_>, key: &str) -> Result<Option<Digest>, Invalid> {
    let text = object.text(key)?;
    text.map(|text| text.parse().map_err(|e: String| Invalid::new(object.at(key), e))).transpose()
}

fn wrong(object: &Object<'_>, key: &str, expected: &str, found: &Json) -> Invalid {
    Invalid::new(object.at(key), format!("expected {expected}, found {}", found.kind()))
}

#[cfg(test)]
mod tests;

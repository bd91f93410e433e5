//! From tokens to canonical values, with no tree of JSON between: the quick reading of what `decode.rs` reads.
//!
//! As in `tape.rs`, `None` is "I don't know", and `decode.rs` is asked instead. What is found here is what is found
//! there. A value can also be checked only, for which most types need not be built.

use std::collections::BTreeMap;

use super::{Decoder, parse_scalar};
use crate::bitset::{BITS, Bits};
use crate::json::push_token;
use crate::tape::{Item, Kind};
use crate::{Command, Extra, Field, Limits, PathValue, Schema, Type, Value, email, host, path, url, value_to_json};

/// Where a value stands. Written out only where it matters.
#[derive(Clone, Copy)]
pub(crate) enum At<'a> {
    Root(&'a str),
    Key(&'a At<'a>, &'a str),
    Index(&'a At<'a>, usize),
}

impl At<'_> {
    fn pointer(&self) -> String {
        match self {
            At::Root(pointer) => (*pointer).to_owned(),
            At::Key(outer, key) => {
                let mut pointer = outer.pointer();
                push_token(&mut pointer, key);
                pointer
            }
            At::Index(outer, i) => format!("{}/{i}", outer.pointer()),
        }
    }
}

/// What is wanted of an object.
pub(crate) struct Wanted<'a> {
    pub(crate) extra: Extra,
    /// Members that are none of the fields, whatever these are called.
    pub(crate) besides: &'a [&'a str],
    /// The fields that are decoded; the others are only checked. All, if nothing is said.
    pub(crate) read: Option<&'a Bits>,
}

/// Decodes tokens by type.
#[derive(Clone, Copy)]
pub(crate) struct Direct<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) limits: &'a Limits,
    /// Where the host found paths to lead, in canonical form.
    pub(crate) resolved: &'a BTreeMap<String, String>,
}

impl Direct<'_> {
    /// As [`Decoder::value`].
    pub(crate) fn value(&self, item: Item<'_>, ty: &Type, at: &At<'_>) -> Option<Value> {
        match (ty, item.kind()) {
            (Type::Str, Kind::Text) => item.shared().map(Value::Str),
            (Type::Bool, Kind::Bool(b)) => Some(Value::Bool(b)),
            (Type::Int, Kind::Number) => item.number(self.limits.number)?.parse().ok().map(Value::Int),
            (Type::Decimal, Kind::Number) => {
                // Every token is a decimal's text, too.
                crate::Decimal::parse(item.source()).ok().map(Value::Decimal)
            }
            (Type::Json, _) => Some(Value::Json(item.json(self.limits)?.normalized().into())),
            (Type::Enum(_), Kind::Text) => self.variant(item, ty).map(Value::Str),
            (Type::List(element), Kind::Array) => self.elements(item, element, at).map(Value::list),
            (Type::Set(element), Kind::Array) => self.elements(item, element, at).map(Value::set),
            (Type::Record(id), Kind::Object) => {
                let fields = self.schema.record(*id).map(|r| r.fields.as_slice()).unwrap_or_default();
                Some(Value::Record(self.fields(item, fields, Extra::Refuse, at)?.into()))
            }
            (Type::Command(dialect), Kind::Array) => {
                let words: Vec<String> =
                    item.items().map(|word| word.text().map(|text| text.into_owned())).collect::<Option<_>>()?;
                let command = Command::from_argv(*dialect, &words);
                (command.text().len() <= self.limits.command).then(|| Value::Command(command.into()))
            }
            (_, Kind::Text) => self.text(item, ty, at),
            _ => None,
        }
    }

    /// Is it certain that [`Direct::value`] finds a value?
    pub(crate) fn check(&self, item: Item<'_>, ty: &Type, at: &At<'_>) -> Option<()> {
        let (kind, limits) = (item.kind(), self.limits);
        // What a text stands for is no longer than what is written.
        let within = |max: usize| kind == Kind::Text && item.source().len() <= max;
        let clear = match ty {
            // The reader held the limits.
            Type::Json => true,
            Type::Str | Type::Secret => kind == Kind::Text,
            Type::Command(_) | Type::Sql(_) => within(limits.command),
            Type::Path | Type::RemotePath => {
                within(limits.domain) && item.plain().is_some_and(|p| path::check(p).is_ok())
            }
            Type::Host => within(limits.domain) && item.plain().is_some_and(host::is_plain_name),
            Type::Email => within(limits.domain) && item.plain().is_some_and(email::is_plain),
            Type::Url => within(limits.domain) && item.plain().is_some_and(url::is_plain),
            Type::List(element) | Type::Set(element) if kind == Kind::Array => {
                let mut items = item.items().enumerate();
                return items.try_for_each(|(i, item)| self.check(item, element, &At::Index(at, i)));
            }
            Type::Record(id) => {
                let fields = self.schema.record(*id).map(|r| r.fields.as_slice()).unwrap_or_default();
                return self.check_record(item, fields, at);
            }
            _ => false,
        };
        if clear { Some(()) } else { self.value(item, ty, at).map(|_| ()) }
    }

    /// As [`Decoder::fields`].
    pub(crate) fn fields(
        &self,
        object: Item<'_>,
        fields: &[Field],
        extra: Extra,
        at: &At<'_>,
    ) -> Option<Vec<Option<Value>>> {
        let all = Wanted { extra, besides: &[], read: None };
        self.wanted_fields(object, fields, &all, at).map(|(values, _)| values)
    }

    /// The same. Also tells which fields the object has that were only checked.
    pub(crate) fn wanted_fields(
        &self,
        object: Item<'_>,
        fields: &[Field],
        wanted: &Wanted<'_>,
        at: &At<'_>,
    ) -> Option<(Vec<Option<Value>>, Bits)> {
        let mut values: Vec<Option<Value>> = Vec::new();
        values.resize_with(fields.len(), || None);
        let mut checked = Bits::default();
        let seen = each_field(object, fields, wanted.extra, wanted.besides, |index, field, item| {
            let at = At::Key(at, &field.name);
            if wanted.read.is_none_or(|read| read.contains(index as u32)) {
                *values.get_mut(index)? = Some(self.value(item, &field.ty, &at)?);
                return Some(());
            }
            checked.insert(index as u32);
            self.check(item, &field.ty, &at)
        })?;
        for ((field, value), i) in fields.iter().zip(&mut values).zip(0u32..) {
            if !seen.contains(i) {
                *value = self.absent(field, at)?;
            }
        }
        Some((values, checked))
    }

    fn check_record(&self, object: Item<'_>, fields: &[Field], at: &At<'_>) -> Option<()> {
        let check = |_, field: &Field, item| self.check(item, &field.ty, &At::Key(at, &field.name));
        let seen = each_field(object, fields, Extra::Refuse, &[], check)?;
        let mut unseen = fields.iter().zip(0u32..).filter(|(_, i)| !seen.contains(*i));
        unseen.try_for_each(|(field, _)| self.absent(field, at).map(|_| ()))
    }

    /// The fields of an object without members.
    pub(crate) fn no_fields(&self, fields: &[Field], at: &At<'_>) -> Option<Vec<Option<Value>>> {
        fields.iter().map(|field| self.absent(field, at)).collect()
    }

    /// A field that the object does not have.
    fn absent(&self, field: &Field, at: &At<'_>) -> Option<Option<Value>> {
        match &field.default {
            None => field.optional.then_some(None),
            Some(default @ (Value::Bool(_) | Value::Int(_) | Value::Decimal(_))) => Some(Some(default.clone())),
            Some(default) => {
                let json = value_to_json(default, &field.ty, self.schema);
                let pointer = At::Key(at, &field.name).pointer();
                let decoder = Decoder::request(self.schema, self.limits, self.resolved);
                decoder.value(&json, &field.ty, &pointer).ok().map(Some)
            }
        }
    }

    fn elements(&self, array: Item<'_>, element: &Type, at: &At<'_>) -> Option<Vec<Value>> {
        let mut values = Vec::with_capacity(array.items().count());
        for (i, item) in array.items().enumerate() {
            values.push(self.value(item, element, &At::Index(at, i))?);
        }
        Some(values)
    }

    fn variant(&self, item: Item<'_>, ty: &Type) -> Option<std::sync::Arc<str>> {
        let Type::Enum(id) = ty else { return None };
        let text = item.text()?;
        self.schema.enumeration(*id)?.variants.iter().any(|v| **v == *text).then(|| text.into())
    }

    fn text(&self, item: Item<'_>, ty: &Type, at: &At<'_>) -> Option<Value> {
        let limit = match ty {
            Type::Command(_) | Type::Sql(_) => self.limits.command,
            Type::Str | Type::Secret | Type::Bytes => self.limits.string,
            _ => self.limits.domain,
        };
        let text = item.text().filter(|text| text.len() <= limit)?;
        if *ty != Type::Path {
            return parse_scalar(&text, ty).ok()?;
        }
        let target = if self.resolved.is_empty() { None } else { self.resolved.get(&at.pointer()) };
        let path = match target {
            Some(target) => PathValue::resolved_to(&text, target),
            None => PathValue::unresolved(&text),
        };
        path.ok().map(|path| Value::Path(path.into()))
    }
}

/// Visits the fields that the object has, but not those that are absent by being `null`. Tells which it has at all.
fn each_field<'t>(
    object: Item<'t>,
    fields: &[Field],
    extra: Extra,
    besides: &[&str],
    mut visit: impl FnMut(usize, &Field, Item<'t>) -> Option<()>,
) -> Option<Bits> {
    if object.kind() != Kind::Object || fields.len() > BITS {
        return None;
    }
    let mut seen = Bits::default();
    let mut next = 0;
    for (key, item) in object.members() {
        if besides.contains(&key) {
            continue;
        }
        let Some((index, field)) = find(fields, key, next) else {
            if extra == Extra::Refuse { return None } else { continue }
        };
        next = index + 1;
        seen.insert(index as u32);
        if !(item.is_null() && field.optional) {
            visit(index, field, item)?;
        }
    }
    Some(seen)
}

/// The field of this name. Objects tend to have their members in the order in which they are declared.
fn find<'f>(fields: &'f [Field], key: &str, next: usize) -> Option<(usize, &'f Field)> {
    if let Some(field) = fields.get(next).filter(|field| field.name == key) {
        return Some((next, field));
    }
    fields.iter().enumerate().find(|(_, field)| field.name == key)
}

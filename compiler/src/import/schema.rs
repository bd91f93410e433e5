//! From JSON Schema to claw's types. What can't be said exactly is said in a note, and the type is one that every value
//! of the schema still fits, except that `null` is refused inside of lists and undeclared fields are refused anywhere.

use std::collections::{BTreeMap, BTreeSet};

use claw_runtime::Json;

use super::literal::literal;
use super::manifest::doc;
use super::{OwnType, Param, Presence, Shape, Ty, text};

/// How many schemas are looked at for one tool; `$ref` can make a small text mean a huge one.
const BUDGET: usize = 20_000;

/// How deep schemas may nest, counting each time a reference is followed.
const MAX_DEPTH: usize = 32;

/// Names for the records and enums of one tool.
pub(super) struct Naming<'a> {
    /// What they begin with.
    pub base: String,
    pub taken: &'a mut BTreeSet<String>,
}

/// What a tool takes.
pub(super) struct Arguments {
    pub params: Vec<Param>,
    pub types: Vec<OwnType>,
    pub notes: Vec<String>,
}

/// A type with what must be said beside it.
#[derive(Clone)]
struct Typed {
    ty: Ty,
    nullable: bool,
    notes: Vec<String>,
}

impl Typed {
    fn of(ty: Ty) -> Typed {
        Typed { ty, nullable: false, notes: Vec::new() }
    }

    fn word(word: &'static str) -> Typed {
        Typed::of(Ty::Word(word))
    }

    fn json(why: &str) -> Typed {
        Typed { notes: vec![why.to_owned()], ..Typed::word("json") }
    }

    fn note(mut self, note: impl Into<String>) -> Typed {
        self.notes.push(note.into());
        self
    }
}

struct Reader<'a> {
    root: &'a Json,
    types: Vec<OwnType>,
    /// References that are being followed.
    open: Vec<String>,
    /// References that were followed.
    known: BTreeMap<String, Typed>,
    budget: usize,
    depth: usize,
}

/// The parameters of a tool from its input schema.
pub(super) fn arguments(schema: &Json, naming: Naming<'_>) -> Arguments {
    let mut reader =
        Reader { root: schema, types: Vec::new(), open: Vec::new(), known: BTreeMap::new(), budget: BUDGET, depth: 0 };
    let (mut params, notes) = match reader.object_of(schema) {
        Some(object) => reader.fields(&object, &mut Vec::new()),
        None => (Vec::new(), vec!["the server does not say which arguments it takes: all are refused".to_owned()]),
    };
    let types = keep_used(reader.types, &mut params, naming);
    Arguments { params, types, notes }
}

/// What is said where a field has no name that claw can write.
pub(super) fn unnameable(name: &str) -> String {
    format!("the field {} can't be named here: calls that have it are refused", text::short(&text::string(name)))
}

impl Reader<'_> {
    /// Goes one step down for the time of `then`, if there are steps left.
    fn deeper<T>(&mut self, then: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.budget = self.budget.checked_sub(1)?;
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let out = then(self);
        self.depth -= 1;
        Some(out)
    }

    fn typed(&mut self, schema: &Json, path: &mut Vec<String>) -> Typed {
        let typed = self.deeper(|this| this.typed_here(schema, path));
        typed.unwrap_or_else(|| Typed::json("the schema is too deep or too large: taken as `json`"))
    }

    fn typed_here(&mut self, schema: &Json, path: &mut Vec<String>) -> Typed {
        if let Some(reference) = reference(schema) {
            return self.referred(reference);
        }
        let joined = self.join_all_of(schema, 0);
        let schema = joined.as_ref().unwrap_or(schema);
        if let Some(Json::Arr(values)) = schema.get("enum") {
            return self.enumeration(values, path);
        }
        if let Some(value) = schema.get("const") {
            return self.enumeration(std::slice::from_ref(value), path);
        }
        match (choices(schema), schema.get("type")) {
            (Some(choices), None) if schema.get("properties").is_none() => self.choice(choices, path),
            (Some(_), Some(ty)) if ty.as_str() == Some("object") => self.simple("object", schema, path),
            (_, Some(Json::Str(ty))) => self.simple(ty, schema, path),
            (_, Some(Json::Arr(types))) => self.one_of_types(types, schema, path),
            _ if schema.get("properties").is_some() => self.simple("object", schema, path),
            _ => Typed::json("the server does not say of which type").note_all(bounds(schema)),
        }
    }

    fn referred(&mut self, reference: &str) -> Typed {
        if let Some(known) = self.known.get(reference) {
            return known.clone();
        }
        if self.open.iter().any(|open| open == reference) {
            return Typed::json("contains itself: taken as `json`");
        }
        let Some(target) = self.target(reference) else {
            return Typed::json("a `$ref` that leads nowhere: taken as `json`");
        };
        self.open.push(reference.to_owned());
        let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
        let typed = self.typed(&target, &mut vec![name]);
        self.open.pop();
        self.known.insert(reference.to_owned(), typed.clone());
        typed
    }

    /// What a reference within the document leads to, if it is a JSON pointer.
    fn target(&self, reference: &str) -> Option<Json> {
        let pointer = percent_decoded(reference.strip_prefix('#')?)?;
        self.root.pointer(&pointer).cloned()
    }

    /// The schema behind a chain of references.
    fn behind(&self, schema: &Json) -> Option<Json> {
        let mut at = schema.clone();
        for _ in 0..16 {
            match reference(&at) {
                Some(reference) => at = self.target(reference)?,
                None => return Some(at),
            }
        }
        None
    }

    /// A schema without its `allOf`, whose parts are joined into it; `None` where there is none.
    fn join_all_of(&mut self, schema: &Json, depth: usize) -> Option<Json> {
        let (Some(Json::Arr(parts)), Json::Obj(members)) = (schema.get("allOf"), schema) else { return None };
        self.budget = self.budget.saturating_sub(parts.len());
        if depth > 8 || self.budget == 0 {
            return None;
        }
        let mut out: Vec<(std::sync::Arc<str>, Json)> =
            members.iter().filter(|(k, _)| &**k != "allOf").cloned().collect();
        for part in parts {
            let Some(part) = self.behind(part) else { continue };
            let part = self.join_all_of(&part, depth + 1).unwrap_or(part);
            let Json::Obj(members) = part else { continue };
            for (key, value) in members {
                let mine = out.iter_mut().find(|(k, _)| *k == key).map(|(_, v)| v);
                match (mine, value) {
                    (Some(Json::Obj(mine)), Json::Obj(more)) if &*key == "properties" => {
                        let new = more.into_iter().filter(|(k, _)| mine.iter().all(|(m, _)| m != k));
                        let new: Vec<_> = new.collect();
                        mine.extend(new);
                    }
                    (Some(Json::Arr(mine)), Json::Arr(more)) if &*key == "required" => mine.extend(more),
                    (Some(_), _) => {}
                    (None, value) => out.push((key, value)),
                }
            }
        }
        Some(Json::Obj(out))
    }

    /// `anyOf` and `oneOf`: null makes it optional; of what is left, a type that all of it fits.
    fn choice(&mut self, choices: &[Json], path: &mut Vec<String>) -> Typed {
        let is_null =
            |c: &Json| c.get("type").and_then(Json::as_str) == Some("null") || c.get("const") == Some(&Json::Null);
        let nullable = choices.iter().any(is_null);
        let rest: Vec<Json> = choices.iter().filter(|c| !is_null(c)).cloned().collect();
        let constants: Option<Vec<Json>> = rest.iter().map(|c| c.get("const").cloned()).collect();
        if let Some(values) = constants.filter(|values| !values.is_empty()) {
            let found = self.enumeration(&values, path);
            return Typed { nullable: nullable || found.nullable, ..found };
        }
        if rest.len() > 1
            && let Some(object) = self.union(&rest)
        {
            let found = self
                .record(&object, path)
                .note(format!("one of {} shapes: which fields go together is not checked", rest.len()));
            return Typed { nullable, ..found };
        }
        let mut found: Option<Typed> = None;
        for choice in &rest {
            let next = self.typed(choice, path);
            found = Some(match found {
                None => next,
                Some(first) => self.either(first, next),
            });
        }
        match found {
            Some(found) => Typed { nullable: nullable || found.nullable, ..found },
            None => Typed::json("the server does not say of which type"),
        }
    }

    /// A type that the values of both fit.
    fn either(&self, a: Typed, b: Typed) -> Typed {
        let nullable = a.nullable || b.nullable;
        let (ty, note) = self.either_type(&a.ty, &b.ty);
        let mut notes = a.notes;
        notes.extend(b.notes);
        notes.extend(note);
        let mut seen = BTreeSet::new();
        notes.retain(|note| seen.insert(note.clone()));
        Typed { ty, nullable, notes }
    }

    fn either_type(&self, a: &Ty, b: &Ty) -> (Ty, Option<String>) {
        let is_text = |ty: &Ty| match ty {
            Ty::Word(word) => {
                matches!(*word, "string" | "email" | "host" | "url" | "ip" | "date" | "time" | "bytes" | "secret")
            }
            Ty::Own(own) => matches!(self.types.get(*own).map(|t| &t.shape), Some(Shape::Enum(_))),
            Ty::List(_) => false,
        };
        match (a, b) {
            (a, b) if a == b => (a.clone(), None),
            (Ty::Word("int" | "decimal"), Ty::Word("int" | "decimal")) => (Ty::Word("decimal"), None),
            (Ty::List(a), Ty::List(b)) => {
                let (element, note) = self.either_type(a, b);
                (Ty::List(Box::new(element)), note)
            }
            (a, b) if is_text(a) && is_text(b) => (Ty::Word("string"), Some("of several formats".to_owned())),
            _ => (Ty::Word("json"), Some("one of several types: taken as `json`".to_owned())),
        }
    }

    /// Objects that stand for each other as one object with the fields of all.
    fn union(&mut self, choices: &[Json]) -> Option<Json> {
        let objects: Option<Vec<Json>> = choices.iter().map(|c| self.object_of(c)).collect();
        let objects = objects?;
        let mut fields: Vec<(std::sync::Arc<str>, Vec<Json>)> = Vec::new();
        for object in &objects {
            let Some(Json::Obj(properties)) = object.get("properties") else { return None };
            for (name, schema) in properties {
                match fields.iter_mut().find(|(n, _)| n == name) {
                    Some((_, schemas)) if schemas.contains(schema) => {}
                    Some((_, schemas)) => schemas.push(schema.clone()),
                    None => fields.push((name.clone(), vec![schema.clone()])),
                }
            }
        }
        let needed = |name: &str| objects.iter().all(|o| required(o).contains(name));
        let names = fields.iter().filter(|(name, _)| needed(name)).map(|(name, _)| Json::Str(name.clone())).collect();
        let properties = fields.into_iter().map(|(name, mut schemas)| {
            let one = if schemas.len() == 1 { schemas.pop() } else { None };
            (name, one.unwrap_or_else(|| Json::Obj(vec![("anyOf".into(), Json::Arr(schemas))])))
        });
        let properties = Json::Obj(properties.collect());
        Some(Json::Obj(vec![("properties".into(), properties), ("required".into(), Json::Arr(names))]))
    }

    /// The schema as one of an object with known fields.
    fn object_of(&mut self, schema: &Json) -> Option<Json> {
        self.deeper(|this| this.object_here(schema)).flatten()
    }

    fn object_here(&mut self, schema: &Json) -> Option<Json> {
        let schema = self.behind(schema)?;
        let schema = self.join_all_of(&schema, 0).unwrap_or(schema);
        if matches!(schema.get("properties"), Some(Json::Obj(_))) {
            return Some(schema);
        }
        match choices(&schema) {
            Some([]) => None,
            Some(choices) => self.union(choices),
            // An object of which nothing is said but that it has no other fields.
            None if schema.get("type").and_then(Json::as_str) == Some("object") || schema.get("type").is_none() => {
                let open = matches!(schema.get("additionalProperties"), Some(Json::Bool(true) | Json::Obj(_)));
                (!open).then(|| Json::Obj(vec![("properties".into(), Json::Obj(Vec::new()))]))
            }
            None => None,
        }
    }

    fn enumeration(&mut self, values: &[Json], path: &[String]) -> Typed {
        let nullable = values.contains(&Json::Null);
        let values: Vec<&Json> = values.iter().filter(|v| **v != Json::Null).collect();
        let words: Option<BTreeSet<&str>> = values.iter().map(|v| v.as_str().filter(|w| !w.is_empty())).collect();
        if words.is_some_and(|words| !words.is_empty()) {
            let mut variants: Vec<String> = Vec::new();
            for word in values.iter().filter_map(|v| v.as_str()) {
                if !variants.iter().any(|v| v == word) {
                    variants.push(word.to_owned());
                }
            }
            return Typed { nullable, ..Typed::of(self.own(path, Shape::Enum(variants))) };
        }
        let word = match values.as_slice() {
            [] => "json",
            all if all.iter().all(|v| matches!(v, Json::Str(_))) => "string",
            all if all.iter().all(|v| matches!(v, Json::Bool(_))) => "bool",
            all if all.iter().all(|v| matches!(v, Json::Num(n) if n.parse::<i64>().is_ok())) => "int",
            all if all.iter().all(|v| matches!(v, Json::Num(_))) => "decimal",
            _ => "json",
        };
        let list: Vec<String> = values.iter().map(|v| v.canonical()).collect();
        let note = format!("not checked: one of {}", text::short(&list.join(", ")));
        Typed { nullable, ..Typed::word(word).note(note) }
    }

    fn one_of_types(&mut self, types: &[Json], schema: &Json, path: &mut Vec<String>) -> Typed {
        let nullable = types.iter().any(|t| t.as_str() == Some("null"));
        let mut found: Option<Typed> = None;
        for ty in types.iter().filter_map(Json::as_str).filter(|t| *t != "null") {
            let next = self.simple(ty, schema, path);
            found = Some(match found {
                None => next,
                Some(first) => self.either(first, next),
            });
        }
        Typed { nullable, ..found.unwrap_or_else(|| Typed::json("the server does not say of which type")) }
    }

    fn simple(&mut self, ty: &str, schema: &Json, path: &mut Vec<String>) -> Typed {
        let typed = match ty {
            "string" => string(schema),
            "integer" => Typed::word("int"),
            "number" => Typed::word("decimal"),
            "boolean" => Typed::word("bool"),
            "null" => Typed { nullable: true, ..Typed::json("only null") },
            "array" => self.array(schema, path),
            "object" => match self.object_of(schema) {
                Some(object)
                    if has_fields(&object) || schema.get("additionalProperties") == Some(&Json::Bool(false)) =>
                {
                    self.record(&object, path)
                }
                _ => Typed::json("an object of any shape"),
            },
            other => Typed::json(&format!("of type {}: taken as `json`", text::short(&text::string(other)))),
        };
        typed.note_all(bounds(schema))
    }

    fn array(&mut self, schema: &Json, path: &mut Vec<String>) -> Typed {
        let tuple = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Json::Arr(items)), _) | (None, Some(Json::Arr(items))) => Some(items),
            _ => None,
        };
        let element = match (tuple, schema.get("items")) {
            (Some(items), _) => self.choice(items, path).note("not checked: which element is of which type"),
            (None, Some(items @ Json::Obj(_))) => self.typed(items, path),
            _ => Typed::json("the server does not say what it holds"),
        };
        let mut notes = element.notes;
        if element.nullable {
            notes.push("null elements are refused here".to_owned());
        }
        Typed { ty: Ty::List(Box::new(element.ty)), nullable: false, notes }
    }

    fn record(&mut self, object: &Json, path: &mut Vec<String>) -> Typed {
        let (mut fields, notes) = self.fields(object, path);
        for field in &mut fields {
            if let Presence::Default(literal) = &field.presence {
                field.notes.push(format!("left out, the server takes {}", text::short(literal)));
                field.presence = Presence::Optional;
            }
        }
        Typed { notes, ..Typed::of(self.own(path, Shape::Record(fields))) }
    }

    fn fields(&mut self, object: &Json, path: &mut Vec<String>) -> (Vec<Param>, Vec<String>) {
        const UNCHECKED: [&str; 9] = [
            "anyOf",
            "oneOf",
            "if",
            "not",
            "dependentRequired",
            "dependentSchemas",
            "patternProperties",
            "minProperties",
            "maxProperties",
        ];
        let said: Vec<&str> = UNCHECKED.into_iter().filter(|key| object.get(key).is_some()).collect();
        let mut notes: Vec<String> = Vec::new();
        if !said.is_empty() {
            notes.push(format!("not checked: {} over the fields", said.join(", ")));
        }
        if matches!(object.get("additionalProperties"), Some(Json::Bool(true) | Json::Obj(_))) {
            notes.push("the server takes further fields; they are refused here".to_owned());
        }
        let required = required(object);
        let mut params = Vec::new();
        if let Some(Json::Obj(properties)) = object.get("properties") {
            for (name, property) in properties {
                if text::can_be_name(name) {
                    path.push(name.to_string());
                    params.push(self.param(name, property, required.contains(&**name), path));
                    path.pop();
                } else {
                    notes.push(unnameable(name));
                }
            }
        }
        (params, notes)
    }

    fn param(&mut self, name: &str, schema: &Json, required: bool, path: &mut Vec<String>) -> Param {
        let mut typed = self.typed(schema, path);
        let behind = if reference(schema).is_some() { self.behind(schema) } else { None };
        let default = schema.get("default").or_else(|| behind.as_ref()?.get("default"));
        let mut presence = if required { Presence::Required } else { Presence::Optional };
        if required && typed.nullable {
            typed.notes.push("the server wants it, if only as null: here it may be left out".to_owned());
            presence = Presence::Optional;
        }
        if let (false, Some(value)) = (required || default == Some(&Json::Null), default) {
            match literal(value, &typed.ty, &self.types) {
                // A parameter with a default is never absent, and null means absent.
                Some(text) if !typed.nullable => presence = Presence::Default(text),
                Some(_) => typed.notes.push(format!("left out, the server takes {}", text::short(&value.canonical()))),
                None if typed.ty == Ty::Word("secret") => typed.notes.push("the server has a default".to_owned()),
                None => typed.notes.push(format!("left out, the server takes {}", text::short(&value.canonical()))),
            }
        }
        let own = doc(schema, name);
        let doc = if own.is_empty() { behind.map(|b| doc(&b, name)).unwrap_or_default() } else { own };
        Param { name: name.to_owned(), ty: typed.ty, presence, doc, notes: typed.notes }
    }

    /// A new type, named after where it stands until [`keep_used`] gives it a name of its own.
    fn own(&mut self, path: &[String], shape: Shape) -> Ty {
        let name = path.iter().map(|part| text::camel(part)).collect();
        self.types.push(OwnType { name, shape });
        Ty::Own(self.types.len() - 1)
    }
}

impl Typed {
    fn note_all(mut self, notes: impl IntoIterator<Item = String>) -> Typed {
        self.notes.extend(notes);
        self
    }
}

fn reference(schema: &Json) -> Option<&str> {
    schema.get("$ref").and_then(Json::as_str)
}

fn choices(schema: &Json) -> Option<&[Json]> {
    ["anyOf", "oneOf"].iter().find_map(|key| match schema.get(key) {
        Some(Json::Arr(choices)) => Some(choices.as_slice()),
        _ => None,
    })
}

fn required(schema: &Json) -> BTreeSet<&str> {
    match schema.get("required") {
        Some(Json::Arr(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

fn has_fields(object: &Json) -> bool {
    matches!(object.get("properties"), Some(Json::Obj(fields)) if !fields.is_empty())
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail.get(2..)?;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

fn string(schema: &Json) -> Typed {
    if schema.get("contentEncoding").and_then(Json::as_str) == Some("base64") {
        return Typed::word("bytes");
    }
    match schema.get("format").and_then(Json::as_str) {
        None => Typed::word("string"),
        Some("email" | "idn-email") => Typed::word("email"),
        Some("uri" | "url" | "iri") => Typed::word("url"),
        Some("hostname" | "idn-hostname") => Typed::word("host"),
        Some("ipv4" | "ipv6" | "ip") => Typed::word("ip"),
        Some("date") => Typed::word("date"),
        Some("date-time") => Typed::word("time"),
        Some("byte" | "base64") => Typed::word("bytes"),
        Some("password") => Typed::word("secret"),
        Some(other) => Typed::word("string").note(format!("not checked: format {}", text::short(other))),
    }
}

/// Bounds that claw's types don't have.
fn bounds(schema: &Json) -> Option<String> {
    const BOUNDS: [&str; 11] = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
    ];
    let said = |key: &&str| Some(format!("{key} {}", text::short(&schema.get(key)?.canonical())));
    let said: Vec<String> = BOUNDS.iter().filter_map(said).collect();
    (!said.is_empty()).then(|| format!("not checked: {}", said.join(", ")))
}

/// Leaves out types that nothing refers to any more, and names the others.
fn keep_used(types: Vec<OwnType>, params: &mut [Param], naming: Naming<'_>) -> Vec<OwnType> {
    let mut keeper = Keeper { old: types, new: Vec::new(), moved: BTreeMap::new(), naming };
    params.iter_mut().for_each(|p| keeper.visit(&mut p.ty));
    keeper.new
}

struct Keeper<'a> {
    old: Vec<OwnType>,
    /// What is used, each type after those that it holds.
    new: Vec<OwnType>,
    moved: BTreeMap<usize, usize>,
    naming: Naming<'a>,
}

impl Keeper<'_> {
    fn visit(&mut self, ty: &mut Ty) {
        match ty {
            Ty::Word(_) => {}
            Ty::List(element) => self.visit(element),
            Ty::Own(own) => {
                if let Some(moved) = self.moved.get(own) {
                    *own = *moved;
                    return;
                }
                let Some(mut kept) = self.old.get(*own).cloned() else { return };
                let stem = format!("{}{}", self.naming.base, kept.name);
                kept.name = text::fresh(&stem, "", self.naming.taken);
                if let Shape::Record(fields) = &mut kept.shape {
                    fields.iter_mut().for_each(|f| self.visit(&mut f.ty));
                }
                self.new.push(kept);
                self.moved.insert(*own, self.new.len() - 1);
                *own = self.new.len() - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! The parts of a request that tests read, and how they are set in a made-up call.

use claw_runtime::bundle::{AttrRoot, Expr, Fact};
use claw_runtime::{Field, Type, Value};

use super::{Context, Space, TestId};
use crate::proof::samples;

/// An argument, an attribute, a fact, or the element of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BaseId(pub usize);

/// A base, or a field of one that is a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub usize);

/// Where a base stands in one policy's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Arg(u32),
    Attr(AttrRoot, u32),
    Fact(Fact),
    /// The element that the space is about.
    Element,
}

/// What goes missing together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    User,
    Context,
    Session,
    Base(BaseId),
}

#[derive(Clone, Debug)]
pub struct Base {
    /// As policies write it.
    pub name: String,
    /// By side.
    pub places: [Option<Place>; 2],
    pub ty: Type,
    /// By side, as each declares it.
    pub types: [Option<Type>; 2],
    /// Whether a well-formed request may lack it, its unit being there.
    pub optional: bool,
    /// What it is where nothing constrains it.
    pub plain: Option<Value>,
}

/// How a slot is filled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fill {
    Value(Value),
    /// Nothing is there, from this step of the slot's path on: 0 is the base, the path's length the slot itself.
    Absent(usize),
}

impl Fill {
    pub fn value(&self) -> Option<&Value> {
        match self {
            Fill::Value(value) => Some(value),
            Fill::Absent(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Slot {
    pub base: BaseId,
    pub path: Vec<u32>,
    pub name: String,
    pub ty: Type,
    /// The steps of the path that may be absent while what is above is there; see [`Fill::Absent`].
    pub absences: Vec<usize>,
    /// Tests of this slot alone.
    pub tests: Vec<TestId>,
}

/// The facts that tests may read, with their types and whether a request may lack them.
const FACTS: &[(Fact, Type, bool)] = &[
    (Fact::AgentId, Type::Str, false),
    (Fact::AgentOwner, Type::Str, true),
    (Fact::UserId, Type::Str, false),
    (Fact::SessionId, Type::Str, true),
    (Fact::Now, Type::Time, true),
    (Fact::Tenant, Type::Str, true),
];

impl Space<'_> {
    pub(super) fn declare_bases(&mut self) {
        if let Context::Element { ty, .. } = &self.context {
            let ty = ty.clone();
            let plain = Some(samples::plain(&ty, self.schema(0)));
            let places = [Some(Place::Element), (self.sides.len() > 1).then_some(Place::Element)];
            let types = [Some(ty.clone()), None];
            self.bases.push(Base { name: "it".to_owned(), places, ty, types, optional: false, plain });
            return;
        }
        for side in 0..self.sides.len() {
            let tables = &self.sides[side].lowered.tables;
            let tool = &tables.tools[self.tool(side).index()];
            for (i, field) in (0..).zip(&tool.params) {
                self.declare(side, format!("args.{}", field.name), Place::Arg(i), field);
            }
            let roots = [
                (AttrRoot::Agent, "agent", &tables.agent),
                (AttrRoot::User, "user", &tables.user),
                (AttrRoot::Context, "context", &tables.context),
            ];
            for (root, name, fields) in roots {
                for (i, field) in (0..).zip(fields) {
                    self.declare(side, format!("{name}.{}", field.name), Place::Attr(root, i), field);
                }
            }
            for (fact, ty, optional) in FACTS {
                let name = fact.name().to_owned();
                let field = Field {
                    name: name.clone(),
                    ty: ty.clone(),
                    optional: *optional,
                    default: None,
                    doc: String::new(),
                };
                self.declare(side, name, Place::Fact(*fact), &field);
            }
        }
        for base in 0..self.bases.len() {
            let plain = self.bases[base].plain.clone();
            self.set(BaseId(base), plain);
        }
    }

    fn declare(&mut self, side: usize, name: String, place: Place, field: &Field) {
        let optional = field.optional && field.default.is_none();
        match self.bases.iter_mut().find(|base| base.name == name) {
            Some(known) => {
                known.places[side] = Some(place);
                known.types[side] = Some(field.ty.clone());
                // What one policy demands is there in every request that both understand.
                known.optional &= optional;
            }
            None => {
                let plain = match &field.default {
                    Some(value) => Some(value.clone()),
                    None => (!optional).then(|| samples::plain(&field.ty, self.schema(side))),
                };
                let plain = if let Place::Fact(Fact::AgentOwner) = place { None } else { plain };
                let mut places = [None, None];
                places[side] = Some(place);
                let mut types = [None, None];
                types[side] = Some(field.ty.clone());
                self.bases.push(Base { name, places, ty: field.ty.clone(), types, optional, plain });
            }
        }
    }

    /// The base that an expression is.
    pub(super) fn base_of(&self, side: usize, expr: &Expr) -> Option<BaseId> {
        let place = match expr {
            Expr::Arg(i) if matches!(self.context, Context::Call(_)) => Place::Arg(*i),
            Expr::Attr(root, i) if matches!(self.context, Context::Call(_)) => Place::Attr(*root, *i),
            Expr::Fact(fact) if matches!(self.context, Context::Call(_)) => Place::Fact(*fact),
            Expr::Local(depth) if *depth + 1 == self.context.depth() => Place::Element,
            _ => return None,
        };
        self.bases.iter().position(|base| base.places[side] == Some(place)).map(BaseId)
    }

    pub(super) fn slot_name(&self, base: BaseId, path: &[u32]) -> String {
        let base = &self.bases[base.0];
        let (mut name, mut ty) = (base.name.clone(), &base.ty);
        for field in path {
            let Some(field) = self.record(ty).and_then(|fields| fields.get(*field as usize)) else { break };
            name = format!("{name}.{}", field.name);
            ty = &field.ty;
        }
        name
    }

    pub(in crate::proof) fn slot(&mut self, base: BaseId, path: &[u32]) -> SlotId {
        if let Some(at) = self.slots.iter().position(|slot| slot.base == base && slot.path == path) {
            return SlotId(at);
        }
        let name = self.slot_name(base, path);
        let mut ty = self.bases[base.0].ty.clone();
        let mut absences: Vec<usize> = self.bases[base.0].optional.then_some(0).into_iter().collect();
        for (at, field) in (1..).zip(path) {
            let Some(field) = self.record(&ty).and_then(|fields| fields.get(*field as usize)) else { break };
            if field.optional && field.default.is_none() {
                absences.push(at);
            }
            ty = field.ty.clone();
        }
        self.slots.push(Slot { base, path: path.to_vec(), name, ty, absences, tests: Vec::new() });
        SlotId(self.slots.len() - 1)
    }

    /// Whether a slot is a record: its fields may be slots of their own, so it is not taken for one.
    pub(super) fn is_whole(&self, slot: SlotId) -> bool {
        matches!(self.slots[slot.0].ty, Type::Record(_))
    }

    /// What goes missing together with a base.
    pub fn unit(&self, base: BaseId) -> Unit {
        match self.bases[base.0].places.iter().flatten().next() {
            Some(Place::Attr(AttrRoot::User, _) | Place::Fact(Fact::UserId)) => Unit::User,
            Some(Place::Attr(AttrRoot::Context, _)) => Unit::Context,
            Some(Place::Fact(Fact::SessionId)) => Unit::Session,
            _ => Unit::Base(base),
        }
    }

    /// Sets a base in the made-up calls of all sides.
    pub(in crate::proof) fn set(&mut self, base: BaseId, value: Option<Value>) {
        for side in 0..self.sides.len() {
            let probe = &mut self.probes[side];
            match self.bases[base.0].places[side] {
                Some(Place::Arg(i)) => probe.set_arg(i, value.clone()),
                Some(Place::Attr(root, i)) => {
                    probe.ensure_root(root);
                    probe.set_attr(root, i, value.clone());
                }
                Some(Place::Fact(fact)) => probe.set_fact(fact, value.clone()),
                Some(Place::Element) | None => {}
            }
        }
    }

    /// A base's value in which one slot is filled so and everything else is plain.
    pub fn with_slot(&self, slot: SlotId, fill: &Fill) -> Option<Value> {
        let plain = self.bases[self.slots[slot.0].base.0].plain.clone();
        self.filled(slot, plain.as_ref(), fill)
    }

    /// `old` with a slot filled so.
    pub fn filled(&self, slot: SlotId, old: Option<&Value>, fill: &Fill) -> Option<Value> {
        let slot = &self.slots[slot.0];
        let ty = &self.bases[slot.base.0].ty;
        match fill {
            Fill::Value(value) => self.put(old, ty, &slot.path, Some(value.clone())),
            Fill::Absent(from) => self.put(old, ty, &slot.path[..(*from).min(slot.path.len())], None),
        }
    }

    /// `old` with a field replaced; records that are absent on the way are made.
    fn put(&self, old: Option<&Value>, ty: &Type, path: &[u32], value: Option<Value>) -> Option<Value> {
        let Some((first, rest)) = path.split_first() else { return value };
        let fields = self.record(ty)?;
        let made;
        let old = match old {
            Some(old) => old,
            None => {
                made = samples::plain(ty, self.schema(0));
                &made
            }
        };
        let Value::Record(values) = old else { return Some(old.clone()) };
        let mut values = values.to_vec();
        let field = fields.get(*first as usize)?;
        let inner = values.get(*first as usize).cloned().flatten();
        if let Some(place) = values.get_mut(*first as usize) {
            *place = self.put(inner.as_ref(), &field.ty, rest, value);
        }
        Some(Value::Record(values.into()))
    }
}

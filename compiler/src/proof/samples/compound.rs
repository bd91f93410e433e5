//! Lists, sets and records, filled with the samples of what they hold.

use claw_runtime::{RecordId, Schema, Type, Value};

use super::{Hints, Samples, plain, plain_within, within};

/// The most elements, or values of a record, that are tried.
const MANY: usize = 64;

/// A set of so few possible elements has few enough subsets to list them all.
const FEW: usize = 6;

pub(super) fn lists(element: &Type, schema: &Schema, hints: &Hints<'_>, depth: usize) -> Samples {
    let ty = Type::list(element.clone());
    let of = elements(element, schema, hints, depth);
    let mut out = vec![Value::list(Vec::new())];
    out.extend(of.values.iter().map(|value| Value::list(vec![value.clone()])));
    out.extend(pairs(&of.values).map(Value::list));
    out.extend(whole(&ty, hints));
    // The numbers may be what a count is compared with.
    for count in counts(hints) {
        out.push(Value::list(of.values.iter().cycle().take(count).cloned().collect()));
    }
    Samples::some(out)
}

pub(super) fn sets(element: &Type, schema: &Schema, hints: &Hints<'_>, depth: usize) -> Samples {
    let ty = Type::set(element.clone());
    let of = elements(element, schema, hints, depth);
    let is_finite = matches!(element, Type::Bool | Type::Enum(_));
    if is_finite && of.complete && of.values.len() <= FEW {
        return Samples::all(subsets(&of.values));
    }
    let mut out = vec![Value::set(Vec::new())];
    out.extend(of.values.iter().map(|value| Value::set(vec![value.clone()])));
    out.extend(pairs(&of.values).map(Value::set));
    out.extend(whole(&ty, hints));
    for count in counts(hints).filter(|count| *count <= of.values.len()) {
        out.push(Value::set(of.values.iter().take(count).cloned().collect()));
    }
    out.push(Value::set(of.values));
    Samples::some(out)
}

fn elements(element: &Type, schema: &Schema, hints: &Hints<'_>, depth: usize) -> Samples {
    let mut of = within(element, schema, hints, depth + 1);
    of.complete &= of.values.len() <= MANY;
    of.values.truncate(MANY);
    of
}

/// The first with each of the next few: one element that passes a test beside one that does not.
fn pairs(values: &[Value]) -> impl Iterator<Item = Vec<Value>> {
    let first = values.first().cloned();
    values.iter().skip(1).take(8).filter_map(move |other| Some(vec![first.clone()?, other.clone()]))
}

/// Constants that are lists or sets themselves; whether they fit is found out later.
fn whole(ty: &Type, hints: &Hints<'_>) -> impl Iterator<Item = Value> {
    let is_set = matches!(ty, Type::Set(_));
    hints.constants.iter().filter_map(move |constant| {
        let items = constant.elements()?.to_vec();
        Some(if is_set { Value::set(items) } else { Value::list(items) })
    })
}

/// Numbers of elements that small constants tell apart.
fn counts(hints: &Hints<'_>) -> impl Iterator<Item = usize> {
    let small =
        hints.constants.iter().filter_map(|c| if let Value::Int(n) = c { usize::try_from(*n).ok() } else { None });
    small.filter(|n| *n <= MANY).flat_map(|n| [n.saturating_sub(1), n, n + 1])
}

fn subsets(values: &[Value]) -> Vec<Value> {
    let mut out: Vec<Vec<Value>> = vec![Vec::new()];
    for value in values {
        let with: Vec<Vec<Value>> =
            out.iter().map(|set| [set.as_slice(), std::slice::from_ref(value)].concat()).collect();
        out.extend(with);
    }
    out.sort_by_key(Vec::len);
    out.into_iter().map(Value::set).collect()
}

/// Plain values for the fields that must be there; defaults stand for themselves.
pub(super) fn plain_record(id: RecordId, schema: &Schema, depth: usize) -> Value {
    let fields = schema.record(id).map(|r| r.fields.as_slice()).unwrap_or_default();
    let values = fields.iter().map(|field| match &field.default {
        Some(default) => Some(default.clone()),
        None => (!field.optional).then(|| plain_within(&field.ty, schema, depth + 1)),
    });
    Value::Record(values.collect())
}

/// Each field's samples, the other fields being plain; then two fields at a time, as far as there is room.
pub(super) fn records(id: RecordId, schema: &Schema, hints: &Hints<'_>, depth: usize) -> Samples {
    let fields = schema.record(id).map(|r| r.fields.as_slice()).unwrap_or_default();
    let bare: Vec<Option<Value>> = match plain_record(id, schema, 0) {
        Value::Record(values) => values.to_vec(),
        _ => return Samples::default(),
    };
    let full: Vec<Option<Value>> = if depth < super::DEPTH {
        bare.iter().zip(fields).map(|(v, field)| v.clone().or_else(|| Some(plain(&field.ty, schema)))).collect()
    } else {
        bare.clone()
    };
    let share = (MANY / fields.len().max(1)).max(4);
    let options: Vec<Vec<Option<Value>>> = fields
        .iter()
        .map(|field| {
            let some = within(&field.ty, schema, hints, depth + 1).values.into_iter().take(share).map(Some);
            some.chain(field.optional.then_some(None)).collect()
        })
        .collect();
    let with = |at: &[(usize, &Option<Value>)]| {
        let mut values = full.clone();
        for (i, value) in at {
            if let Some(slot) = values.get_mut(*i) {
                slot.clone_from(value);
            }
        }
        Value::Record(values.into())
    };
    let mut out = vec![Value::Record(bare.into()), Value::Record(full.clone().into())];
    for (i, values) in options.iter().enumerate() {
        out.extend(values.iter().map(|value| with(&[(i, value)])));
    }
    for (i, left) in options.iter().enumerate() {
        for (j, right) in options.iter().enumerate().skip(i + 1) {
            let both = left.iter().zip(right).take(8).map(|(a, b)| with(&[(i, a), (j, b)]));
            out.extend(both.take((2 * MANY).saturating_sub(out.len())));
        }
    }
    Samples::some(out)
}

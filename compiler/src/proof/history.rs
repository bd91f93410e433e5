//! The past that a call needs: earlier calls that answer `prior …`, made up and executed like any others.

use claw_runtime::bundle::{Expr, ExprId, PriorId, Range};
use claw_runtime::{Json, Probe, RequestInput, Value};

use super::engine::{Call, Found};
use super::formula::TestId;
use super::prover::ToolProver;
use super::samples;
use super::side::Side;
use super::space::Space;
use super::witness::request;

/// The earlier calls, in wire form, that make queries of history true for this request; `None` if one can't be made up.
pub fn earlier_calls(space: &Space<'_>, call: &Call, main: &Json) -> Option<Vec<Json>> {
    call.situation.past.iter().map(|test| earlier(space, *test, main)).collect()
}

fn earlier(space: &Space<'_>, test: TestId, main: &Json) -> Option<Json> {
    let (side, expr) = space.source(test);
    let policy = space.sides[side];
    let Expr::Prior(id, keys, _) = policy.expr(expr) else { return None };
    let keys = values(policy, *keys, main)?;
    let def = &policy.lowered.tables.priors[id.index()];
    let mut prover = ToolProver::new(policy, def.tool);
    let allowed = prover.outcomes[0].allowed;
    let Found::Yes(found) = prover.possible(allowed) else { return None };
    let plain = request(prover.space(), &found);
    Some(fitted(policy, *id, keys, plain, main))
}

/// What the keys of the query are at this request.
fn values(policy: &Side, keys: Range, main: &Json) -> Option<Vec<Value>> {
    let input = RequestInput::from_value(main).ok()?;
    let probe = Probe::of(&policy.asked, policy.asked.prepare(&input).ok()?);
    let keys: &[ExprId] = &policy.lowered.tables.operands[keys.start as usize..(keys.start + keys.len) as usize];
    keys.iter().map(|key| probe.value(*key, &[])).collect()
}

/// An allowed call of the query's tool with these keys, at the time and in the session of the request.
fn fitted(policy: &Side, id: PriorId, keys: Vec<Value>, plain: Json, main: &Json) -> Json {
    let tables = &policy.lowered.tables;
    let def = &tables.priors[id.index()];
    let params = &tables.tools[def.tool.index()].params;
    let mut out = plain;
    for (param, value) in def.params.iter().zip(keys) {
        let field = &params[*param as usize];
        let json = samples::wire(&value, &field.ty, &tables.schema);
        if let Some(args) = member(&mut out, "args") {
            set(args, &field.name, json);
        }
    }
    for key in ["session", "tenant", "time"] {
        if let Some(value) = main.get(key) {
            set(&mut out, key, value.clone());
        }
    }
    out
}

fn member<'j>(json: &'j mut Json, key: &str) -> Option<&'j mut Json> {
    let Json::Obj(members) = json else { return None };
    members.iter_mut().find(|(known, _)| &**known == key).map(|(_, value)| value)
}

fn set(json: &mut Json, key: &str, value: Json) {
    if let Some(place) = member(json, key) {
        *place = value;
    } else if let Json::Obj(members) = json {
        members.push((key.into(), value));
    }
}

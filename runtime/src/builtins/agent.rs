//! Members of the agents in `agent.chain`.
//!
//! Such an agent is a record of three fields in this order: `id` (a string), `roles` (a set of strings)
//! and `owner` (a string, or absent).

use super::{Arg, Builtin, Form, Out, Pat};
use crate::Value;

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(Form::Member, "agent.id", &[Pat::Agent], Pat::Str, "The agent's id, as the host says.", |a| {
        field(a, 0)
    })
    .partial(),
    Builtin::new(
        Form::Member,
        "agent.roles",
        &[Pat::Agent],
        Pat::SetOf(&Pat::Role),
        "The roles the agent holds, with those they include.",
        |a| field(a, 1),
    )
    .partial(),
    Builtin::new(
        Form::Member,
        "agent.owner",
        &[Pat::Agent],
        Pat::Str,
        "The person the agent belongs to; unknown if the host did not say.",
        |a| field(a, 2),
    )
    .partial(),
];

fn field(args: &[Arg<'_>], index: usize) -> Out {
    match args {
        [Arg::Known(Value::Record(fields))] => fields.get(index).cloned().flatten().into(),
        _ => Out::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::tests::call;

    #[test]
    fn members() {
        let roles = Value::set(vec![Value::str("support")]);
        let agent = || [Value::Record([Some(Value::str("bot")), Some(roles.clone()), None].into())];
        assert_eq!(call("agent.id", &agent()), Out::Known(Value::str("bot")));
        assert_eq!(call("agent.roles", &agent()), Out::Known(roles.clone()));
        assert_eq!(call("agent.owner", &agent()), Out::Unknown);
    }
}

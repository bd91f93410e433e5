//! Asks about the calls of a policy, or of two, tool by tool.

use claw_runtime::Decision;
use claw_runtime::bundle::ToolId;

use super::engine::{Engine, Found};
use super::formula::F;
use super::outcome::Outcomes;
use super::side::Side;
use super::space::{Context, Space};
use super::witness::{About, Witness, witness};

/// The answer to "is there a call such that …".
#[derive(Clone, Debug)]
pub enum Example {
    /// There is none.
    None,
    /// Here is one, and the runtime decided so.
    Call(Box<Witness>),
    /// It can't be told, because of these.
    Unknown(Vec<&'static str>),
}

/// Questions about the calls of one tool.
#[derive(Debug)]
pub struct ToolProver<'a> {
    pub engine: Engine<'a>,
    /// By side.
    pub outcomes: Vec<Outcomes>,
}

impl<'a> ToolProver<'a> {
    /// One policy's tool.
    pub fn new(side: &'a Side, tool: ToolId) -> ToolProver<'a> {
        ToolProver::over(vec![side], vec![tool])
    }

    /// The same tool of several policies.
    pub fn over(sides: Vec<&'a Side>, tools: Vec<ToolId>) -> ToolProver<'a> {
        let count = sides.len();
        let mut space = Space::new(sides, Context::Call(tools));
        let outcomes = (0..count).map(|side| space.outcomes(side)).collect();
        ToolProver { engine: Engine::new(space), outcomes }
    }

    pub fn space(&mut self) -> &mut Space<'a> {
        &mut self.engine.space
    }

    /// Whether there is a call for which the formula holds. What a "yes" rests on was not decided by the runtime; for
    /// showing it to people ask for an [example](ToolProver::example).
    pub fn possible(&mut self, goal: F) -> Found {
        self.engine.find(goal)
    }

    /// A call for which the formula holds and whose decisions, one for each side, show it.
    pub fn example(&mut self, goal: F, shows: &mut dyn FnMut(&[Decision]) -> bool) -> Example {
        self.example_about(goal, &[], shows)
    }

    /// As [`ToolProver::example`], where the decisions alone don't tell whether the call is one that is asked about.
    pub fn example_about(&mut self, goal: F, about: &[About], shows: &mut dyn FnMut(&[Decision]) -> bool) -> Example {
        let mut found = None;
        let mut accept = |space: &Space<'a>, call: &super::engine::Call| match witness(space, call, about, shows) {
            Some(witness) => {
                found = Some(Box::new(witness));
                Ok(())
            }
            None => Err("a call that is decided otherwise when it is tried"),
        };
        match (self.engine.find_where(goal, &mut accept), found) {
            (Found::No, _) => Example::None,
            (_, Some(witness)) => Example::Call(witness),
            (Found::Yes(_), None) => Example::Unknown(Vec::new()),
            (Found::Maybe(why), None) => Example::Unknown(why),
        }
    }
}

//! The store's generation: the name of everything in it, by which gateways notice that it was lost.

use std::time::Instant;

use claw_runtime::state::{Answer, StateError};

use super::link::{Arguments, Failure, Link};
use super::step::Step;
use super::{RedisOptions, names, random};

/// What is done to the store's generation; see `generation.lua`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// It is to be the one that is expected.
    Expect,
    /// Made, if there is none.
    Make,
    /// Made, if there is none or the past is lost.
    Reset,
    /// Given to a tenant that this gateway knows nothing of.
    Adopt,
    /// Marked as lost, for all to see.
    Lose,
}

impl Generation {
    fn word(self) -> &'static str {
        match self {
            Generation::Expect => "expect",
            Generation::Make => "make",
            Generation::Reset => "reset",
            Generation::Adopt => "adopt",
            Generation::Lose => "lose",
        }
    }
}

/// The store's generation, once it is one to go on with.
pub(super) fn settle(link: &mut Link, options: &RedisOptions, what: Generation, deadline: Instant) -> Answer<String> {
    let keys = vec![names::store_generation(&options.prefix)];
    let new = format!("{:016x}{:016x}", random()?, random()?);
    let values = vec![what.word().as_bytes().to_vec(), new.into_bytes()];
    let found = link.generation(&Arguments { keys, values }, deadline).map_err(Failure::error)?;
    let expected = options.generation.as_ref().is_none_or(|expected| *expected == found);
    let sound = found.len() == 32 && found.bytes().all(|b| b.is_ascii_hexdigit());
    if sound && (expected || what == Generation::Reset) { Ok(found) } else { Err(lost("its generation is another")) }
}

/// The past is missing, and how that was noticed.
pub(super) fn lost(how: &str) -> StateError {
    StateError::Unavailable(format!("it has lost the past: {how}"))
}

/// What the store's generation is after this was done to it on behalf of the step's tenant.
pub(super) fn ask(step: &Step<'_>, what: Generation, mine: &str) -> Answer<String> {
    let keys = vec![names::store_generation(&step.options.prefix), step.key("generation")];
    let values = [what.word(), mine].map(|text| text.as_bytes().to_vec());
    step.ask(|link| link.generation(&Arguments { keys, values: values.into() }, step.deadline))
}

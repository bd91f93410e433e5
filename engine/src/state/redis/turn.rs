//! Turns of steps that disturb each other. Having one only makes being disturbed less likely; nothing depends on getting
//! or keeping it.

use std::time::{Duration as Wait, Instant};

use claw_runtime::state::Answer;

use super::link::{Failure, late};
use super::{RedisState, random};

/// How long a place at the head of a queue is good for, should its holder vanish.
const TURN: Wait = Wait::from_millis(100);

/// A place at the head of a queue, given up when the step is over.
pub(super) struct Turn<'a> {
    state: &'a RedisState,
    name: String,
    token: String,
    deadline: Instant,
}

impl<'a> Turn<'a> {
    /// Waits for a turn, for so long as one is good for at most.
    pub(super) fn wait(state: &'a RedisState, tag: &str, what: &str, deadline: Instant) -> Answer<Turn<'a>> {
        let name = format!("{tag}:turn:{}", what.rsplit(':').next().unwrap_or_default());
        let token = random()?.to_string();
        let given_up = Instant::now().checked_add(TURN).map_or(deadline, |end| end.min(deadline));
        let mut attempt = 0;
        while Instant::now() < given_up {
            let mut lease = state.pool.take(deadline).ok_or_else(late)?;
            let Some(mut link) = lease.held.take() else { break };
            let mut set = redis::cmd("SET");
            set.arg(&name).arg(&token).arg("NX").arg("PX").arg(u64::try_from(TURN.as_millis()).unwrap_or(100));
            match link.ask::<Option<String>>(&set, deadline) {
                Ok(got) => {
                    lease.held = Some(link);
                    if got.is_some() {
                        break;
                    }
                }
                Err(Failure::Refused(_)) => {
                    lease.held = Some(link);
                    break;
                }
                Err(Failure::Broken(_)) => break,
            }
            drop(lease);
            attempt += 1;
            pause(attempt);
        }
        Ok(Turn { state, name, token, deadline })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        const GIVE_UP: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1";
        let Some(mut lease) = self.state.pool.take(self.deadline) else { return };
        let Some(mut link) = lease.held.take() else { return };
        let mut command = redis::cmd("EVAL");
        command.arg(GIVE_UP).arg(1).arg(&self.name).arg(&self.token);
        // Should it fail, the turn ends by itself.
        if !matches!(link.ask::<i64>(&command, self.deadline), Err(Failure::Broken(_))) {
            lease.held = Some(link);
        }
    }
}

/// Waits for a while that is different for everyone, and longer the more often something was in vain.
pub(super) fn pause(attempt: u32) {
    let most = 100u64 << attempt.min(7);
    let micros = getrandom::u64().unwrap_or(most) % most;
    std::thread::sleep(Wait::from_micros(micros));
}

//! How the page says things: spans of time, and why a vote does not count.

use claw_engine::EngineError;
use claw_engine::ledger::{Asking, Refusal, State};
use claw_runtime::{Ballot, Missing, Standing, Time, VoteRefusal};

/// `4 min 12 s`, `1 h 5 min`, `2 d 3 h`.
pub(super) fn span(millis: i64) -> String {
    let seconds = millis.max(0) / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// `2026-03-02 10:00:00 UTC`, for people.
pub(super) fn time(time: Time) -> String {
    let text = time.to_string();
    let whole = text.trim_end_matches('Z').split('.').next().unwrap_or_default().replacen('T', " ", 1);
    format!("{whole} UTC")
}

/// What a state is called, and what it means for whoever asked.
pub(super) fn state(state: State) -> (&'static str, &'static str) {
    match state {
        State::Open => ("Waiting", "Nothing is executed until enough people have agreed"),
        State::Granted => ("Approved", "The agent may make this exact call, once it tries again"),
        State::Refused => ("Refused", "This exact call is not made; the same request stays refused until this expires"),
        State::Expired => ("Expired", "Nothing was executed with it; the agent may ask again"),
        State::Consumed => ("Used", "The call was made with this approval"),
    }
}

/// What is missing still.
pub(super) fn missing(asking: &Asking) -> String {
    match asking.standing() {
        Standing::Open(Missing::People { have: 0, need, of }) => format!("needs {need} of {}", of.join(", ")),
        Standing::Open(Missing::People { have, need, of }) => {
            let more = usize::try_from(need).unwrap_or(usize::MAX).saturating_sub(have);
            format!("{more} more of {}", of.join(", "))
        }
        Standing::Open(Missing::Confirmation) => "the confirmation of the person it is for".to_owned(),
        Standing::Granted | Standing::Refused(_) => String::new(),
    }
}

/// Why a vote did not count, and what to do.
pub(super) fn not_counted(error: &EngineError) -> (String, String) {
    let (title, help) = match error {
        EngineError::Refused(refusal) => refused(refusal),
        EngineError::Audit(_) => (
            "Your vote counts, but could not be written to the audit log",
            "tell whoever runs the gateway: calls are denied until the log works again",
        ),
        EngineError::NoLedger | EngineError::NothingToAsk | EngineError::State(_) => {
            ("Your vote was not recorded", "the gateway failed; its log says why")
        }
    };
    (title.to_owned(), help.to_owned())
}

fn refused(refusal: &Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Expired => ("It is too late", "this request has expired; the agent may ask again"),
        Refusal::Consumed => ("It was used already", "the call has been made with the votes that were there"),
        Refusal::AlreadyRefused(_) => ("Someone refused already", "one refusal is enough, and final"),
        Refusal::OwnRequest => ("You can't vote on your own request", "it is made for you, or by your agent"),
        Refusal::AgentMayNotVote => ("Agents can't vote", "an agent in this call has your name"),
        Refusal::WrongRole => ("You can't vote on this", "it is for people with other roles than yours"),
        Refusal::AlreadyVoted => ("You have voted already", "a vote can't be changed"),
        Refusal::NoteRequired => ("Please say why", "this approval needs a note"),
        Refusal::TooLarge(_) => ("Your note is too long", "at most 4,096 bytes are kept"),
        Refusal::ClockBackwards => {
            ("Your vote was not recorded", "the gateway's clock is behind; whoever runs it should look at that")
        }
        Refusal::Contended => ("Your vote was not recorded", "others were voting at the same moment: send it again"),
        Refusal::Unavailable(_) => {
            ("It is not known whether your vote was recorded", "reload the page, and vote again if it is not there")
        }
        _ => ("Your vote was not recorded", "reload the page to see how things stand"),
    }
}

/// Why someone who looks at an asking can't vote on it.
pub(super) fn not_a_voter(refusal: VoteRefusal, ballot: &Ballot) -> String {
    match refusal {
        VoteRefusal::Agent => "an agent in this call has your name, and agents do not vote".to_owned(),
        VoteRefusal::Requester => "this is asked on your behalf, so someone else must agree".to_owned(),
        VoteRefusal::Role | VoteRefusal::Note => {
            let mut roles: Vec<&str> = ballot.by.iter().flat_map(|line| &line.of).map(String::as_str).collect();
            roles.sort_unstable();
            roles.dedup();
            if roles.is_empty() {
                "only the person for whom the agent works can confirm this".to_owned()
            } else {
                format!("it is for people who are {}", roles.join(" or "))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_times() {
        let spans = [-5, 0, 59_999, 252_000, 3_600_000, 3_900_000, 183_600_000].map(span);
        assert_eq!(spans, ["0 s", "0 s", "59 s", "4 min 12 s", "1 h 0 min", "1 h 5 min", "2 d 3 h"]);
        assert_eq!(time(Time::parse("2026-03-02T10:00:00.25Z").unwrap()), "2026-03-02 10:00:00 UTC");
    }
}

//! What the audit log says of a policy's clauses: how they are used, what people decided, and whether that is enough to
//! change their status.
//!
//! Pure: records in, counts out. Knows no files, no clock and no source of a policy; `clawc` brings them together.
//!
//! # What agrees and what disagrees
//!
//! Only people count. A call is *decided by people* when a person entitled to vote refused it, or when all the approvals it
//! was asked for were granted. One such call is one piece of evidence for each clause that was evaluated on it, however often
//! it was decided or repeated within a `reuse`:
//!
//! | clause | people refused | people granted |
//! |---|---|---|
//! | hint or candidate that denies, requires or limits | agrees | disagrees |
//! | grant, in force or not | disagrees | agrees |
//! | in force, requires an approval, alone on this call | agrees | disagrees |
//! | in force, requires an approval, as others do | agrees | nothing |
//!
//! A call that ran unattended is no evidence, whatever became of it: nobody looked. Neither is a call that another clause
//! denied, for the same reason. Marks and constraints neither agree nor disagree.

mod approvals;
mod cases;
mod clauses;
mod gates;
mod subjects;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
mod usage;

pub use self::approvals::{ApprovalUse, ClauseAsked};
pub use self::clauses::{Applications, Change, ClauseUse, Distinct, Evidence};
pub use self::gates::{Finding, Gate, Gates, Judgement, Promotion, Status, Step, judge};
pub use self::subjects::SubjectUse;
pub use self::usage::{Loaded, UnknownFact, Usage, Window, usage};

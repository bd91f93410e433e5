//! An agent's host, and how well a policy serves it on recorded tasks and attacks.
//!
//! The host is the same for every agent. What it tells the policy is what any host can know: the user's prompt, what the
//! tools returned, and whether a result holds text of strangers. It knows no tool, and not which call an attacker wants.

mod corpus;
mod desk;
mod plain;
mod score;
mod text;
mod trace;

pub use corpus::{Call, Pair, Suite, Trace, corpus_folder, suites};
pub use desk::{Desk, FOREIGN};
pub use plain::{PLAIN, Plain};
pub use score::{Score, Staging, score};
pub use trace::{Origin, Seen, Tracer};

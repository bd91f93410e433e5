//! What a gateway embeds around claw policies: the policy of each tenant and its reloads, stores of past calls, the
//! ledger of approvals, the audit log.
//!
//! `claw-runtime` decides and reads no clock, file or socket; everything that needs one is here. Nothing here can
//! make a decision weaker: whatever fails becomes a denial with its reason.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![warn(missing_docs)]

pub mod audit;
mod clock;
mod engine;
pub mod externs;
pub mod ledger;
pub mod lifecycle;
pub mod policies;
pub mod provenance;
pub mod signing;
#[cfg(any(feature = "sqlite", feature = "redis"))]
mod state;

pub use self::clock::{Clock, ManualClock, SystemClock};
pub use self::engine::{Builder, Call, Engine, EngineError, SharedState};
pub use self::policies::{Target, Trust};
#[cfg(any(feature = "sqlite", feature = "redis"))]
pub use self::state::StateBounds;
#[cfg(feature = "redis")]
pub use self::state::{RedisOptions, RedisState};
#[cfg(feature = "sqlite")]
pub use self::state::{SqliteOptions, SqliteState};

//! Stores of past calls that outlive a process: one file for the processes of one machine, or one Redis for many.
//!
//! Both keep the same small records and answer by the same code: `keys` names the records, `records` writes and reads
//! them, `past` answers from them, and `draft` works out what a call changes. A store only has to get a record, and to
//! change several at once or none ([`past::Source`], [`draft::Plan`]). The arithmetic of pots and of histories is the
//! runtime's own, so that no store answers otherwise than [`claw_runtime::MemoryState`].
//!
//! Knows nothing of policies. A store that fails, is slow or answers nonsense is an error, which denies.

mod bounds;
mod draft;
mod keys;
mod past;
mod pool;
mod records;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stamp;

pub use self::bounds::StateBounds;
#[cfg(feature = "redis")]
pub use self::redis::{RedisOptions, RedisState};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteOptions, SqliteState};

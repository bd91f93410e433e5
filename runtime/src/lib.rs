//! The claw runtime: evaluates compiled policies.
//!
//! This is all that a gateway embeds. It reads no clock and no file, starts no thread, and never panics:
//! whatever cannot be known is *unknown*, and unknown never grants.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![warn(missing_docs)]

mod approvals;
mod base64;
mod bases;
mod begin;
mod bitset;
mod budget;
pub mod builtins;
pub mod bundle;
#[allow(dead_code)]
mod call;
mod canonical;
mod collect;
mod command;
mod decide;
mod decimal;
mod decision;
mod decode;
mod email;
mod error;
mod eval;
mod explain;
mod externs;
mod host;
mod json;
mod judge;
mod limits;
mod load;
mod memory;
mod nest;
mod path;
mod pattern;
mod pattern_table;
mod policy;
mod prepare;
mod reads;
mod ready;
mod reason;
mod render;
mod request;
mod secret;
mod shape;
#[allow(dead_code)]
mod shell;
mod sql;
pub mod state;
mod tape;
mod time;
mod tri;
mod ty;
mod url;
mod value;
mod zone;

pub use self::approvals::{Ballot, Evidence, Missing, Quorum, Standing, Subject, Vote, VoteRefusal, VoteVerdict};
pub use self::builtins::{
    Arg, Builtin, BuiltinId, Cost, Form, Op, Out, Pat, Resolved, builtins, by_name, equal, expected_left,
    expected_right, lookup_function, lookup_member, lookup_method, lookup_negation, lookup_operator, members_of,
};
pub use self::bundle::{Bundle, ClauseKind, Kind};
pub use self::call::Call;
pub use self::canonical::{Digest, fields_to_json, value_to_json};
pub use self::collect::{Collect, collect, collect_fields};
pub use self::command::{Command, PartialList};
pub use self::decimal::{Decimal, DecimalError};
pub use self::decision::{Applied, Approval, Decision, Effect, Outcome, Verdict};
pub use self::decode::{DecodeError, Decoder, Extra, decode_value, json_at, parse_text};
pub use self::email::Email;
pub use self::error::{Invalid, LoadError};
pub use self::explain::{CallReading, CommandReading};
pub use self::externs::{ExternAnswer, ExternCall, Externs};
pub use self::host::{Host, is_private, parse_ip, parse_net};
pub use self::json::{Json, JsonError};
pub use self::limits::Limits;
pub use self::memory::{MemoryBounds, MemoryState};
pub use self::path::PathValue;
pub use self::pattern::{Pattern, glob_matches};
pub use self::policy::{ExternFn, Policy};
pub use self::prepare::Request;
pub use self::prepare::probe::Probe;
pub use self::reason::Reason;
pub use self::request::{AgentInput, RequestInput, UserInput};
pub use self::secret::Secret;
pub use self::sql::Sql;
pub use self::state::{NoState, SessionScope, SettleOutcome, Settlement, State, StateError, StateView};
pub use self::time::{Date, Duration, Time, TimeOfDay};
pub use self::tri::Tri;
pub use self::ty::{EnumDef, EnumId, Field, RecordDef, RecordId, Schema, ShellDialect, SqlDialect, Type, Vocab};
pub use self::url::UrlValue;
pub use self::value::Value;
pub use self::zone::{Days, Span, Window, Zone};

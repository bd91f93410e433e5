//! The claw runtime: evaluates compiled policies.
//!
//! This is all that a gateway embeds. It reads no clock and no file, starts no thread, and never panics:
//! whatever cannot be known is *unknown*, and unknown never grants.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![warn(missing_docs)]

mod base64;
pub mod builtins;
mod canonical;
mod collect;
mod command;
mod decimal;
mod decode;
mod email;
mod host;
mod json;
mod limits;
mod nest;
mod path;
mod pattern;
mod secret;
mod sql;
mod time;
mod tri;
mod ty;
mod url;
mod value;
mod zone;

pub use self::canonical::{Digest, fields_to_json, value_to_json};
pub use self::collect::{Collect, collect, collect_fields};
pub use self::command::{Command, PartialList};
pub use self::decimal::{Decimal, DecimalError};
pub use self::decode::{DecodeError, Decoder, Extra, decode_value, json_at, parse_text};
pub use self::email::Email;
pub use self::host::{Host, is_private, parse_ip, parse_net};
pub use self::json::{Json, JsonError};
pub use self::limits::Limits;
pub use self::path::PathValue;
pub use self::pattern::{Pattern, glob_matches};
pub use self::secret::Secret;
pub use self::sql::Sql;
pub use self::time::{Date, Duration, Time, TimeOfDay};
pub use self::tri::Tri;
pub use self::ty::{EnumDef, EnumId, Field, RecordDef, RecordId, Schema, ShellDialect, SqlDialect, Type, Vocab};
pub use self::url::UrlValue;
pub use self::value::Value;
pub use self::zone::{Days, Span, Window, Zone};

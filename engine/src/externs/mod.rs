//! The host's functions behind a policy's `extern`s: asked on threads of their own, each within its time-out.
//!
//! [`ExternRegistry`] has the functions by name. A function that hangs delays a decision by its time-out and no more,
//! and after a few time-outs in a row not even by that; one that fails, panics or answers something of another type
//! is unknown. Functions are never called while a store's transaction is open: `claw-runtime` sees to that.
//!
//! Knows no policy: what is declared about a function comes with each question.

#[cfg(feature = "http")]
mod authzen;
mod breaker;
mod cache;
#[cfg(feature = "http")]
mod http;
mod metrics;
#[cfg(feature = "http")]
mod opa;
mod pool;
mod registry;
mod validator;

use std::time::{Duration, Instant};

use claw_runtime::{Json, Value};

#[cfg(feature = "http")]
pub use self::authzen::{AuthZen, AuthZenPart};
#[cfg(feature = "http")]
pub use self::http::HttpOptions;
pub use self::metrics::ExternMetrics;
#[cfg(feature = "http")]
pub use self::opa::Opa;
pub use self::registry::ExternRegistry;
pub use self::validator::Validator;

/// A function that answers a policy's questions. Called from several threads at once.
pub trait Extern: Send + Sync {
    /// Answers, or says why not: the answer is then unknown. What it takes longer than [`Question::left`] for is
    /// thrown away, but it should give up by itself then, since a thread can't be stopped from outside.
    fn call(&self, question: &Question) -> Result<Reply, String>;
}

/// What a function is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The name that the policy calls it by.
    pub name: String,
    /// The arguments, in the order of the declaration.
    pub args: Vec<Value>,
    /// The same as JSON. Secrets are written out: see [`Question::has_secret`].
    pub json: Vec<Json>,
    /// When the answer is of no use any more.
    pub deadline: Instant,
}

impl Question {
    /// How much of the time-out is left; zero if none.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Is a secret among the arguments, at whatever depth?
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.args.iter().any(is_secret)
    }
}

fn is_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(items) | Value::Set(items) => items.iter().any(is_secret),
        Value::Record(fields) => fields.iter().flatten().any(is_secret),
        _ => false,
    }
}

/// What a function answers. Unknown if it is not of the type that the policy declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A canonical value.
    Value(Value),
    /// Read as the declared type, as an argument of that type would be.
    Json(Json),
}

/// How a registry runs its functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternOptions {
    /// The longest time-out; a policy that declares a longer one gets this. Default 2 s.
    pub max_timeout: Duration,
    /// Threads at most. They are started when needed. Default 16.
    pub threads: usize,
    /// Threads that one function may hold at a time, so that one that hangs leaves some to the others. Default 4.
    pub threads_per_function: usize,
    /// Questions that may wait for a thread; further ones are unknown at once. Default 4,096.
    pub waiting: usize,
    /// After so many time-outs in a row a function is not asked for a while. Default 3; zero is never.
    pub trip_after: u32,
    /// How long that is. Then one question is asked, and its outcome decides. Default 30 s.
    pub rest: Duration,
}

impl Default for ExternOptions {
    fn default() -> ExternOptions {
        ExternOptions {
            max_timeout: Duration::from_secs(2),
            threads: 16,
            threads_per_function: 4,
            waiting: 4_096,
            trip_after: 3,
            rest: Duration::from_secs(30),
        }
    }
}

/// The Rust on the page of the documentation compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/engine/externs.md")]
struct Page;

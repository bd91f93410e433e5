//! Functions that are written in Rust.

use claw_runtime::{Json, Value};

use super::{Extern, Question, Reply};

type Function = Box<dyn Fn(&Question) -> Result<Reply, String> + Send + Sync>;

/// A Rust closure as a function of policies. It may block and may panic; either makes its answer unknown.
pub struct Validator(Function);

impl Validator {
    /// A function over canonical values.
    ///
    /// ```
    /// use claw_engine::externs::{ExternOptions, ExternRegistry, Validator};
    /// use claw_runtime::Value;
    ///
    /// let registry = ExternRegistry::new(ExternOptions::default()).with(
    ///     "is_frozen",
    ///     Validator::values(|args| match args {
    ///         [Value::Str(account)] => Ok(Value::Bool(account.starts_with("x-"))),
    ///         _ => Err("expected an account".to_owned()),
    ///     }),
    /// );
    /// assert_eq!(registry.metrics("is_frozen").map(|m| m.calls), Some(0));
    /// ```
    #[must_use]
    pub fn values(f: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static) -> Validator {
        Validator(Box::new(move |question| f(&question.args).map(Reply::Value)))
    }

    /// A function over JSON, for arguments and answers of any type: what it returns is read as the declared type.
    #[must_use]
    pub fn json(f: impl Fn(&[Json]) -> Result<Json, String> + Send + Sync + 'static) -> Validator {
        Validator(Box::new(move |question| f(&question.json).map(Reply::Json)))
    }
}

impl Extern for Validator {
    fn call(&self, question: &Question) -> Result<Reply, String> {
        (self.0)(question)
    }
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Validator").finish_non_exhaustive()
    }
}

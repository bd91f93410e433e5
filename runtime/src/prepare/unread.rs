//! Arguments that no clause reads: checked when the request came, decoded when somebody asks for them.

use std::fmt;
use std::sync::OnceLock;

use crate::bitset::Bits;
use crate::bundle::ToolDef;
use crate::{Decoder, Extra, Json, Policy, Value};

/// The arguments as they were sent.
pub(super) struct Unread {
    /// An object; decoding it by the tool's parameters was found to succeed.
    source: Box<str>,
    /// Those that are not decoded yet.
    pub(super) which: Bits,
    /// All, if they were asked for.
    all: OnceLock<Option<Vec<Option<Value>>>>,
}

impl Unread {
    pub(super) fn new(source: &str, which: Bits) -> Unread {
        Unread { source: source.into(), which, all: OnceLock::new() }
    }

    /// All arguments, decoded. `None` should not be.
    pub(super) fn all(
        &self,
        policy: &Policy,
        tool: &ToolDef,
        resolved: &std::collections::BTreeMap<String, String>,
    ) -> Option<&Vec<Option<Value>>> {
        let decode = || {
            let json = Json::parse(self.source.as_bytes(), &policy.limits).ok()?;
            let decoder = Decoder::request(&policy.bundle.schema, &policy.limits, resolved);
            decoder.fields(&json, &tool.params, Extra::Refuse, "/args").ok()
        };
        self.all.get_or_init(decode).as_ref()
    }

    pub(super) fn into_all(self) -> Option<Vec<Option<Value>>> {
        self.all.into_inner().flatten()
    }
}

/// Secrets are among the arguments.
impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unread(…)")
    }
}

//! What was found out about a call, kept so that it is found out once: policies ask the same of a call many times.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::spec::Spec;
use crate::{PartialList, Tri, Value};

/// Follows from the call, so that it counts for nothing where calls are compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub program: OnceLock<Option<Value>>,
    pub args: OnceLock<PartialList>,
    pub network: OnceLock<Tri>,
    pub(super) spec: OnceLock<Option<&'static Spec>>,
    pub(super) positional: OnceLock<PartialList>,
    pub(super) subcommand: OnceLock<Option<Arc<str>>>,
    pub(super) flags: OnceLock<PartialList>,
}

impl PartialEq for Answers {
    fn eq(&self, _: &Answers) -> bool {
        true
    }
}

impl Eq for Answers {}

impl PartialOrd for Answers {
    fn partial_cmp(&self, other: &Answers) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Answers {
    fn cmp(&self, _: &Answers) -> Ordering {
        Ordering::Equal
    }
}

impl Hash for Answers {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

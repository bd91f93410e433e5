//! How much a store keeps of one session.

/// Bounds of a store that is shared or on disk. How much it keeps altogether is bounded where it is kept: by the size
/// of the file, or by the memory of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateBounds {
    /// Calls of one session that are allowed and not settled. A further one is refused. Default 1,000.
    pub pending: u32,
    /// Answers to queries of history that one session keeps. Beyond, the oldest are dropped, and read as unknown
    /// while they would have counted. Default 10,000.
    pub priors: u32,
    /// Sessions from which one session inherits directly. Default 8.
    pub parents: usize,
    /// Sessions from which one session inherits altogether; beyond, labels are unknown. Default 64.
    pub ancestors: usize,
    /// Bytes of one answer in its wire form. A call with a longer one is refused. Default 4 MiB.
    pub answer: usize,
}

impl Default for StateBounds {
    fn default() -> StateBounds {
        StateBounds { pending: 1_000, priors: 10_000, parents: 8, ancestors: 64, answer: 4 << 20 }
    }
}

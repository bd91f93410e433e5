//! How much a request may cost: bounds that the decoder enforces before any clause sees the request.

/// Bounds on a request. Passing one is a denial with the reason `limits_exceeded`.
///
/// The defaults suit tool calls of agents; raise single fields with struct update syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole JSON document. Default 1 MiB.
    pub bytes: usize,
    /// Nesting of arrays and objects. Default 32.
    pub depth: usize,
    /// Bytes of one string or object key, after unescaping. Default 256 KiB.
    pub string: usize,
    /// Elements of one array, or members of one object. Default 10,000.
    pub elements: usize,
    /// Values in a document altogether. Default 50,000.
    pub nodes: usize,
    /// Characters of one number in plain decimal notation. Default 400, which holds every IEEE double.
    pub number: usize,
    /// Bytes of a value of type `command` or `sql`. Default 64 KiB.
    pub command: usize,
    /// Bytes of a value of a domain type (`email`, `host`, `url`, `path`, …). Default 8 KiB.
    pub domain: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes: 1 << 20,
            depth: 32,
            string: 256 << 10,
            elements: 10_000,
            nodes: 50_000,
            number: 400,
            command: 64 << 10,
            domain: 8 << 10,
        }
    }
}

//! Kleene's three truth values. Knows nothing of what is being asked.

use serde::{Deserialize, Serialize};

/// A truth value in Kleene's strong three-valued logic.
///
/// The order is `False < Unknown < True`, so that *and* is the minimum and *or* the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tri {
    /// Known not to hold.
    False,
    /// Cannot be known.
    Unknown,
    /// Known to hold.
    True,
}

impl Tri {
    /// True if both are, false if either is.
    #[must_use]
    pub fn and(self, other: Tri) -> Tri {
        self.min(other)
    }

    /// True if either is, false if both are.
    #[must_use]
    pub fn or(self, other: Tri) -> Tri {
        self.max(other)
    }

    /// True for false and the reverse; unknown stays unknown.
    #[must_use]
    #[allow(clippy::should_implement_trait)] // `!` on a three-valued logic would read as two-valued
    pub fn not(self) -> Tri {
        match self {
            Tri::False => Tri::True,
            Tri::Unknown => Tri::Unknown,
            Tri::True => Tri::False,
        }
    }

    /// Known to hold: what a granting clause asks for.
    #[must_use]
    pub fn is_true(self) -> bool {
        self == Tri::True
    }

    /// Known not to hold: a restricting clause applies unless this is so.
    #[must_use]
    pub fn is_false(self) -> bool {
        self == Tri::False
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Tri {
        if value { Tri::True } else { Tri::False }
    }
}

/// `None` is unknown.
impl From<Option<bool>> for Tri {
    fn from(value: Option<bool>) -> Tri {
        value.map_or(Tri::Unknown, Tri::from)
    }
}

#[cfg(test)]
mod tests {
    use super::Tri::{self, False, True, Unknown};

    const ALL: [Tri; 3] = [False, Unknown, True];

    #[test]
    fn tables() {
        assert_eq!(Unknown.and(False), False);
        assert_eq!(Unknown.and(True), Unknown);
        assert_eq!(Unknown.or(True), True);
        assert_eq!(Unknown.or(False), Unknown);
        assert_eq!(Unknown.not(), Unknown);
        assert_eq!(True.not(), False);
    }

    #[test]
    fn de_morgan() {
        for a in ALL {
            for b in ALL {
                assert_eq!(a.and(b).not(), a.not().or(b.not()));
            }
        }
    }
}

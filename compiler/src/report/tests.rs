//! Reports of small policies.

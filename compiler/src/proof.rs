//! Proving what a policy promises, or finding a request that breaks it.

pub mod samples;

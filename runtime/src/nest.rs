//! A bound on the nesting of recursive types while they are read from a bundle.
//!
//! Serde recurses once per level, so a hostile bundle of nested lists could otherwise exhaust the stack.

use std::cell::Cell;

use serde::{Deserialize, Deserializer, de::Error};

/// Far deeper than anything the compiler emits.
const MAX: usize = 128;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Leaves the level again, also when reading failed.
struct Level;

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.with(|d| d.set(d.get().saturating_sub(1)));
    }
}

/// Reads a `T` one level further down; for `#[serde(deserialize_with)]` at recursive places.
pub(crate) fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    let depth = DEPTH.with(|d| {
        d.set(d.get().saturating_add(1));
        d.get()
    });
    let _level = Level;
    if depth > MAX {
        return Err(D::Error::custom("nested too deeply"));
    }
    T::deserialize(from)
}

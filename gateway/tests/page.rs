//! The page for approvals: who gets in, what they see, which votes count, and everything that must not work.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "page/access.rs"]
mod access;
#[path = "page/api.rs"]
mod api;
#[path = "page/forms.rs"]
mod forms;
#[path = "page/hostile.rs"]
mod hostile;
#[path = "page/live.rs"]
mod live;
#[path = "page/support.rs"]
mod support;

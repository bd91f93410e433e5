//! The gateway's HTTP side as clients meet it: who gets in, what the roof keeps off, decisions, policies, metrics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod authzen;
mod doors;
mod metrics;
mod native;
mod policies;
mod roof;
mod support;
mod tls;

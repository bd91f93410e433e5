//! What commands print: for people (`human`, `decision`), for machines (`json`), for auditors (`report`), for CI systems
//! (`sarif`, `github`, `junit`).

pub mod audit;
pub mod certificate;
pub mod decision;
pub mod diff;
pub mod github;
pub mod human;
pub mod json;
pub mod junit;
pub mod lifecycle;
pub mod query;
pub mod report;
pub mod sarif;
pub mod tests;
pub mod text;
pub mod why;

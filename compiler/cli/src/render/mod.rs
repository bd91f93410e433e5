//! What commands print: for people (`human`, `decision`), for machines (`json`).

pub mod decision;
pub mod human;
pub mod json;
pub mod tests;
pub mod text;

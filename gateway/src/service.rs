//! The decision service: hosts ask over HTTP what they would ask an engine in their own process.

use axum::Router;

use crate::app::App;

/// Its routes.
pub fn router(app: App) -> Router {
    let _ = app;
    Router::new()
}

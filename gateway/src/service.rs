//! The decision service: hosts ask over HTTP what they would ask an engine in their own process.
//!
//! One table, [`endpoints`], says what there is, and the routes, what each demands, and the OpenAPI description are made
//! from it. Whoever asks is a host and says itself who calls; only the tenant is its token's, whatever the request says.

mod authzen;
mod host;
mod native;
mod openapi;
mod policies;

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post, put};

use crate::app::App;
use crate::auth::{Demand, demand_caller};
use crate::config::Ability;
use crate::http;

/// Items of one batch.
const BATCH: usize = 100;

/// The routes.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for endpoint in endpoints() {
        let handler = match endpoint.ability {
            Some(ability) => {
                let demand = Demand { app: app.clone(), ability };
                endpoint.handler.route_layer(from_fn_with_state(demand, demand_caller))
            }
            None => endpoint.handler,
        };
        router = router.route(endpoint.path, handler);
    }
    http::prompt(router.with_state(app.clone()), &app)
}

/// Something that the service answers.
struct Endpoint {
    method: Method,
    path: &'static str,
    /// What a caller must be allowed to do; `None` for what anyone may read.
    ability: Option<Ability>,
    /// What it does, in one line.
    summary: &'static str,
    /// The schema of its body, if it has one.
    takes: Option<&'static str>,
    /// The schema of its answer.
    gives: &'static str,
    handler: MethodRouter<App>,
}

impl Endpoint {
    fn post(path: &'static str, handler: MethodRouter<App>) -> Endpoint {
        let (takes, gives) = (Some("Request"), "Decision");
        Endpoint { method: Method::POST, path, ability: Some(Ability::Decide), summary: "", takes, gives, handler }
    }

    fn get(path: &'static str, handler: MethodRouter<App>) -> Endpoint {
        Endpoint { method: Method::GET, takes: None, ability: None, ..Endpoint::post(path, handler) }
    }

    fn does(self, summary: &'static str) -> Endpoint {
        Endpoint { summary, ..self }
    }

    fn bodies(self, takes: impl Into<Option<&'static str>>, gives: &'static str) -> Endpoint {
        Endpoint { takes: takes.into(), gives, ..self }
    }

    fn managed(self) -> Endpoint {
        Endpoint { ability: Some(Ability::Manage), ..self }
    }
}

fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/v1/decide", post(native::decide))
            .does("what would be decided now; nothing is reserved or recorded"),
        Endpoint::post("/v1/batch", post(native::batch))
            .does("the same for several requests, each on its own")
            .bodies("Batch", "Decisions"),
        Endpoint::post("/v1/begin", post(native::begin))
            .does("decides a call, reserves what it needs and records it; an allowed call must be settled"),
        Endpoint::post("/v1/ask", post(native::ask))
            .does("begins a call and asks people for the approvals that it waits for")
            .bodies("Request", "Asked"),
        Endpoint::post("/v1/settle", post(native::settle))
            .does("records how an allowed call has ended")
            .bodies("Settle", "Settled"),
        Endpoint::post("/v1/callable", post(native::callable))
            .does("the tools that some grant could cover for an agent")
            .bodies("Who", "Callable"),
        Endpoint::get("/v1/policies", get(policies::list))
            .does("the policy in force and those that can be rolled back to")
            .bodies(None, "Policies")
            .managed(),
        Endpoint { method: Method::PUT, ..Endpoint::post("/v1/policies", put(policies::load)) }
            .does("puts a bundle in force")
            .bodies("Bundle", "Policy")
            .managed(),
        Endpoint::post("/v1/policies/rollback", post(policies::roll_back))
            .does("puts an earlier policy in force again")
            .bodies("Rollback", "Policy")
            .managed(),
        Endpoint::post("/access/v1/evaluation", post(authzen::evaluation))
            .does("AuthZEN: access evaluation; a preview, as `/v1/decide`")
            .bodies("Evaluation", "Evaluated"),
        Endpoint::post("/access/v1/evaluations", post(authzen::evaluations))
            .does("AuthZEN: access evaluations")
            .bodies("Evaluations", "AllEvaluated"),
        Endpoint::get("/.well-known/authzen-configuration", get(authzen::configuration))
            .does("AuthZEN: where the other endpoints are")
            .bodies(None, "AuthZenConfiguration"),
        Endpoint::get("/openapi.json", get(openapi::description)).does("this description").bodies(None, "OpenApi"),
    ]
}

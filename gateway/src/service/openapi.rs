//! The service described for programs: [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.0), made from the table of its
//! endpoints.

use axum::Json;
use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Endpoint, endpoints};
use crate::config::Ability;

/// What requests and answers look like, by name.
const SCHEMAS: &str = include_str!("schemas.json");

pub(super) async fn description() -> Json<Value> {
    Json(describe(&endpoints()))
}

fn describe(endpoints: &[Endpoint]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(endpoint.method.as_str().to_ascii_lowercase(), operation(endpoint));
        }
    }
    // A test reads it.
    let schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "claw decision service",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What agents may do, decided by policies. Whatever is no clear `allow` is not allowed.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas,
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let answers = match endpoint.ability {
        None => vec![],
        Some(_) => vec![
            ("400", "the request is malformed"),
            ("401", "no token, or one that is not good"),
            ("403", "the token is not good for this"),
            ("413", "the body is too large"),
            ("415", "the body is not JSON"),
            ("503", "nothing can be decided now, or not in time"),
        ],
    };
    let mut responses: Map<String, Value> = Map::new();
    responses.insert("200".to_owned(), described("the answer", endpoint.gives));
    for (status, means) in answers {
        responses.insert(status.to_owned(), described(means, "Problem"));
    }
    let mut operation = json!({ "summary": endpoint.summary, "responses": responses });
    if let Some(operation) = operation.as_object_mut() {
        if let Some(schema) = endpoint.takes {
            operation.insert("requestBody".to_owned(), with_required(body(endpoint, schema)));
        }
        if let Some(ability) = endpoint.ability {
            operation.insert("security".to_owned(), json!([{ "token": [] }]));
            operation.insert("x-claw-ability".to_owned(), Ability::code(ability).into());
        }
    }
    operation
}

fn body(endpoint: &Endpoint, schema: &str) -> Value {
    let mut content = json!({ "application/json": { "schema": reference(schema) } });
    if endpoint.method == Method::PUT
        && let Some(content) = content.as_object_mut()
    {
        content.insert("application/octet-stream".to_owned(), json!({}));
    }
    json!({ "content": content })
}

fn with_required(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.insert("required".to_owned(), true.into());
    }
    body
}

fn described(means: &str, schema: &str) -> Value {
    json!({ "description": means, "content": { "application/json": { "schema": reference(schema) } } })
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(key, value)| match value {
                Value::String(target) if key == "$ref" => drop(into.insert(target.clone())),
                other => references(other, into),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, into)),
            _ => {}
        }
    }

    #[test]
    fn every_schema_is_there_and_used() {
        let description = describe(&endpoints());
        let mut used = BTreeSet::new();
        references(&description, &mut used);
        let schemas = description["components"]["schemas"].as_object().unwrap();
        let there = schemas.keys().map(|name| format!("#/components/schemas/{name}")).collect();
        assert_eq!(used, there);
    }

    #[test]
    fn every_endpoint_says_what_it_does() {
        for endpoint in endpoints() {
            assert!(!endpoint.summary.is_empty(), "{}", endpoint.path);
        }
    }
}

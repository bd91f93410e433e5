//! Asks an Open Policy Agent, by its REST data API (`POST /v1/data/<path>`).

use claw_runtime::Json;

use super::http::{Client, HttpOptions, object};
use super::{Extern, Question, Reply};

/// A rule of an Open Policy Agent as a function. It gets `{"input": {…}}`, and its `result` is the answer, whatever
/// its type; a result that is undefined is unknown, not false.
///
/// Arguments stand in the input under the names of [`Opa::named`], or else as the list `args`. A question with a
/// secret among its arguments is not sent.
#[derive(Debug)]
pub struct Opa {
    client: Client,
    names: Vec<String>,
}

impl Opa {
    /// `base` as in `http://127.0.0.1:8181`; `path` names the rule, as in `payments/account/frozen`. The error says
    /// what is wrong with one of them.
    pub fn new(base: &str, path: &str, options: HttpOptions) -> Result<Opa, String> {
        let plain = |part: &str| {
            let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
            !part.is_empty() && part.bytes().all(known)
        };
        if !path.split('/').all(plain) {
            return Err(format!("`{path}` is no path of a rule: expected words, joined by `/`"));
        }
        Ok(Opa { client: Client::new(base, &format!("/v1/data/{path}"), options)?, names: Vec::new() })
    }

    /// Names the arguments, in the order of the declaration.
    #[must_use]
    pub fn named<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Opa {
        self.names = names.into_iter().map(str::to_owned).collect();
        self
    }

    fn input(&self, question: &Question) -> Result<Json, String> {
        if question.has_secret() {
            return Err("an argument is a secret, which is not sent".to_owned());
        }
        if self.names.is_empty() {
            return Ok(object([("args", Json::Arr(question.json.clone()))]));
        }
        if self.names.len() != question.json.len() {
            return Err(format!("{} names for {} arguments", self.names.len(), question.json.len()));
        }
        Ok(object(self.names.iter().map(String::as_str).zip(question.json.iter().cloned())))
    }
}

impl Extern for Opa {
    fn call(&self, question: &Question) -> Result<Reply, String> {
        let body = object([("input", self.input(question)?)]);
        let answer = self.client.post(&body, question.left())?;
        match answer.get("result") {
            Some(result) => Ok(Reply::Json(result.clone())),
            None => Err("the result is undefined".to_owned()),
        }
    }
}

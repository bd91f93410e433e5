//! Asks a decision point by the OpenID AuthZEN Authorization API 1.0 (`POST /access/v1/evaluation`).

use claw_runtime::Json;

use super::http::{Client, HttpOptions, object};
use super::{Extern, Question, Reply};

/// Which part of an evaluation an argument becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthZenPart {
    /// `subject.id`
    Subject,
    /// A member of `subject.properties`
    SubjectProperty(String),
    /// `action.name`
    Action,
    /// A member of `action.properties`
    ActionProperty(String),
    /// `resource.id`
    Resource,
    /// A member of `resource.properties`
    ResourceProperty(String),
    /// A member of `context`
    Context(String),
}

/// A decision point as a function that returns `bool`: its `decision`. Further members of the answer are ignored.
///
/// A question with a secret among its arguments is not sent.
#[derive(Debug)]
pub struct AuthZen {
    client: Client,
    subject_type: String,
    resource_type: String,
    action: Option<String>,
    parts: Vec<AuthZenPart>,
}

impl AuthZen {
    /// For `extern f(subject: string, action: string, resource: string) -> bool`, with subjects of the type `user`
    /// and resources of the type `resource`. `base` as in `https://pdp.example`; the error says what is wrong with it.
    pub fn new(base: &str, options: HttpOptions) -> Result<AuthZen, String> {
        Ok(AuthZen {
            client: Client::new(base, "/access/v1/evaluation", options)?,
            subject_type: "user".to_owned(),
            resource_type: "resource".to_owned(),
            action: None,
            parts: vec![AuthZenPart::Subject, AuthZenPart::Action, AuthZenPart::Resource],
        })
    }

    /// The type of subjects and that of resources.
    #[must_use]
    pub fn types(mut self, subject: &str, resource: &str) -> AuthZen {
        self.subject_type = subject.to_owned();
        self.resource_type = resource.to_owned();
        self
    }

    /// The action, where no argument says it.
    #[must_use]
    pub fn action(mut self, name: &str) -> AuthZen {
        self.action = Some(name.to_owned());
        self
    }

    /// What the arguments are, in the order of the declaration.
    #[must_use]
    pub fn parts(mut self, parts: impl IntoIterator<Item = AuthZenPart>) -> AuthZen {
        self.parts = parts.into_iter().collect();
        self
    }

    fn evaluation(&self, question: &Question) -> Result<Json, String> {
        if question.has_secret() {
            return Err("an argument is a secret, which is not sent".to_owned());
        }
        if self.parts.len() != question.json.len() {
            return Err(format!("{} parts for {} arguments", self.parts.len(), question.json.len()));
        }
        let (mut subject, mut action, mut resource) = (None, self.action.as_deref().map(Json::str), None);
        let mut properties: [Vec<(&str, Json)>; 4] = Default::default();
        let [of_subject, of_action, of_resource, context] = &mut properties;
        for (part, value) in self.parts.iter().zip(&question.json) {
            match part {
                AuthZenPart::Subject => subject = Some(value.clone()),
                AuthZenPart::Action => action = Some(value.clone()),
                AuthZenPart::Resource => resource = Some(value.clone()),
                AuthZenPart::SubjectProperty(name) => of_subject.push((name, value.clone())),
                AuthZenPart::ActionProperty(name) => of_action.push((name, value.clone())),
                AuthZenPart::ResourceProperty(name) => of_resource.push((name, value.clone())),
                AuthZenPart::Context(name) => context.push((name, value.clone())),
            }
        }
        let [of_subject, of_action, of_resource, context] = properties;
        let text = |value: Option<Json>, what: &str| match value {
            Some(Json::Str(text)) => Ok(Json::Str(text)),
            Some(Json::Num(number)) => Ok(Json::Str(number)),
            _ => Err(format!("the {what} is no string")),
        };
        let entity = |ty: &str, id: Json, properties: Vec<(&str, Json)>| {
            let properties = (!properties.is_empty()).then(|| ("properties", object(properties)));
            object([("type", Json::str(ty)), ("id", id)].into_iter().chain(properties))
        };
        let subject = entity(&self.subject_type, text(subject, "subject")?, of_subject);
        let resource = entity(&self.resource_type, text(resource, "resource")?, of_resource);
        let properties = (!of_action.is_empty()).then(|| ("properties", object(of_action)));
        let action = object([("name", text(action, "action")?)].into_iter().chain(properties));
        let members = [("subject", subject), ("action", action), ("resource", resource)];
        Ok(object(members.into_iter().chain((!context.is_empty()).then(|| ("context", object(context))))))
    }
}

impl Extern for AuthZen {
    fn call(&self, question: &Question) -> Result<Reply, String> {
        let answer = self.client.post(&self.evaluation(question)?, question.left())?;
        match answer.get("decision") {
            Some(Json::Bool(decision)) => Ok(Reply::Json(Json::Bool(*decision))),
            _ => Err("the answer has no `decision`".to_owned()),
        }
    }
}

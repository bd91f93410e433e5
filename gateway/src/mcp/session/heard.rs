//! What is said besides requests and their results: by servers to the client, and by the client to servers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use tokio::sync::oneshot;

use super::{Asked, Session, Upstream, held};
use crate::mcp::link::Link;
use crate::mcp::message::{Id, Message, error, nothing};
use crate::mcp::params::{Params, Raw};

/// So many requests to one client wait for its answer.
const ASKED: usize = 128;

impl Session {
    /// A server says something of its own accord.
    pub(in crate::mcp) async fn heard(
        self: &Arc<Session>,
        server: &str,
        link: &Arc<Link>,
        message: Message,
        during: Option<Id>,
    ) {
        match message {
            Message::Request { id, method, .. } if method == "ping" => {
                link.send(&Message::Response { id, outcome: Ok(nothing()) }).await;
            }
            Message::Request { id, method, params } => {
                if self.noted(server, &params).await {
                    self.pass_question(link, id, method, params, during).await;
                } else {
                    let refused = error(ErrorCode::INTERNAL_ERROR, "the gateway could not take note of this");
                    link.send(&Message::Response { id, outcome: Err(refused) }).await;
                }
            }
            Message::Notification { method, params } if method == "notifications/cancelled" => {
                self.take_question_back(link, params).await;
            }
            Message::Notification { method, params } => {
                if let Some(live) = self.upstream(server).and_then(|upstream| upstream.connected()) {
                    live.note(&method);
                }
                if self.noted(server, &params).await {
                    self.front.deliver(during, Message::Notification { method, params }).await;
                }
            }
            Message::Response { .. } => {}
        }
    }

    fn upstream(&self, server: &str) -> Option<&Arc<Upstream>> {
        self.upstreams.iter().find(|upstream| upstream.server.name == server)
    }

    /// What a server says may come before a model: the seat takes note of it. Whether it may be passed on.
    async fn noted(&self, server: &str, params: &Params) -> bool {
        match self.upstream(server) {
            Some(upstream) => match params.to_value() {
                Some(said) => upstream.seat.heard(said).await,
                None => false,
            },
            None => false,
        }
    }

    /// A server asks the client: sampling, elicitation, roots.
    async fn pass_question(
        self: &Arc<Session>,
        link: &Arc<Link>,
        id: Id,
        method: String,
        mut params: Params,
        during: Option<Id>,
    ) {
        let ours = self.next_id();
        let progress = params.replace_progress_token(ours);
        let asked = Asked::Server { link: Arc::downgrade(link), id: id.clone(), progress };
        if !self.ask(ours, asked) {
            let refused = error(super::super::UNREACHED, format!("the client has not answered {ASKED} requests"));
            link.send(&Message::Response { id, outcome: Err(refused) }).await;
            return;
        }
        link.waits_for_client.fetch_add(1, Ordering::Relaxed);
        self.front.deliver(during, Message::Request { id: ours.into(), method, params }).await;
    }

    async fn take_question_back(self: &Arc<Session>, link: &Arc<Link>, mut params: Params) {
        let Some(taken) = params.value("requestId").as_ref().and_then(Id::read) else { return };
        let ours = held(&self.asked).iter().find_map(|(ours, asked)| match asked {
            Asked::Server { link: of, id, .. } if *id == taken && of.as_ptr() == Arc::as_ptr(link) => Some(*ours),
            _ => None,
        });
        let Some(ours) = ours else { return };
        self.answered(ours);
        params.insert("requestId", ours);
        self.front.deliver(None, Message::notification("notifications/cancelled", params)).await;
    }

    fn ask(&self, ours: u64, by: Asked) -> bool {
        let mut asked = held(&self.asked);
        let room = asked.len() < ASKED && !self.is_over();
        if room {
            asked.insert(ours, by);
        }
        room
    }

    fn answered(&self, ours: u64) -> Option<Asked> {
        let asked = held(&self.asked).remove(&ours)?;
        if let Asked::Server { link, .. } = &asked
            && let Some(link) = link.upgrade()
        {
            link.waits_for_client.fetch_sub(1, Ordering::Relaxed);
        }
        Some(asked)
    }

    /// Asks the client on behalf of the gateway. Dropping the future takes the question back.
    pub(super) async fn ask_client(
        self: &Arc<Session>,
        method: &str,
        params: Params,
        during: Id,
    ) -> Result<Raw, ErrorData> {
        let ours = self.next_id();
        let (answer, answered) = oneshot::channel();
        if !self.ask(ours, Asked::Gateway(answer)) {
            return Err(error(super::super::UNREACHED, "the client has not answered earlier questions"));
        }
        let mut question = Question { session: self, ours, open: true };
        self.front.deliver(Some(during), Message::Request { id: ours.into(), method: method.to_owned(), params }).await;
        let answer = answered.await;
        question.open = false;
        answer.unwrap_or_else(|_| Err(error(super::super::UNREACHED, "the client is gone")))
    }

    /// The client says something that is no request.
    pub(in crate::mcp) async fn accept(self: &Arc<Session>, message: Message) {
        self.seen();
        match message {
            Message::Response { id, outcome } => self.client_answered(&id, outcome).await,
            Message::Notification { method, params } => match method.as_str() {
                "notifications/cancelled" => {
                    let running = params.value("requestId").as_ref().and_then(Id::read);
                    let running = running.and_then(|id| held(&self.running).get(&id).cloned());
                    if let Some(running) = running {
                        running.cancelled.cancel();
                    }
                }
                "notifications/progress" => self.client_progresses(params).await,
                "notifications/roots/list_changed" => {
                    for live in self.upstreams.iter().filter_map(|upstream| upstream.connected()) {
                        live.link.send(&Message::notification(&method, params.clone())).await;
                    }
                }
                // Each server was told when it was connected.
                "notifications/initialized" => {}
                method => tracing::debug!(method, "a notification that the gateway does not pass on"),
            },
            Message::Request { .. } => {}
        }
    }

    async fn client_answered(&self, id: &Id, outcome: Result<Raw, ErrorData>) {
        match id.ours().and_then(|ours| self.answered(ours)) {
            Some(Asked::Server { link, id, .. }) => {
                if let Some(link) = link.upgrade() {
                    link.send(&Message::Response { id, outcome }).await;
                }
            }
            // Whoever asked may have given up.
            Some(Asked::Gateway(answer)) => drop(answer.send(outcome)),
            None => {}
        }
    }

    async fn client_progresses(&self, mut params: Params) {
        let ours = params.value("progressToken").as_ref().and_then(Id::read).and_then(|token| token.ours());
        let found = ours.and_then(|ours| match held(&self.asked).get(&ours) {
            Some(Asked::Server { link, progress: Some(token), .. }) => Some((link.upgrade()?, token.clone())),
            _ => None,
        });
        if let Some((link, token)) = found {
            params.insert("progressToken", token);
            link.send(&Message::notification("notifications/progress", params)).await;
        }
    }
}

/// A question of the gateway's to the client. If nobody waits for the answer any more, the client is told.
struct Question<'a> {
    session: &'a Arc<Session>,
    ours: u64,
    open: bool,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.session.answered(self.ours);
        if self.open && !self.session.is_over() {
            let (session, ours) = (Arc::clone(self.session), self.ours);
            self.session.mcp.tasks().spawn(async move {
                let params = Params::one("requestId", ours);
                session.front.deliver(None, Message::notification("notifications/cancelled", params)).await;
            });
        }
    }
}

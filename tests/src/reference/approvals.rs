//! Evidence that people agreed: is it enough for what is required now?

use std::collections::BTreeSet;

use claw_compiler::hir::ApprovalId;
use claw_runtime::{Json, Time};

use super::Reference;
use super::call::Call;

/// Why an approval that is required is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// To be asked for.
    Outstanding,
    Expired,
    Refused,
    /// The acting user must confirm, and there is none.
    Impossible,
}

/// What names one asking: tenant, approval, its definition, the request, when.
pub type Asking = (Option<String>, String, String, String, i64);

impl Reference<'_> {
    /// Does some evidence of the call discharge the approval that these clauses require? If so, which asking.
    pub fn discharged(&self, id: ApprovalId, requiring: &BTreeSet<String>, call: &Call) -> Result<Asking, Lack> {
        let approval = &self.package.approvals[id.index()];
        if approval.by_user && call.user.is_none() {
            return Err(Lack::Impossible);
        }
        let Some(Json::Arr(pieces)) = call.json.get("approvals") else { return Err(Lack::Outstanding) };
        let found: Vec<Result<Asking, Lack>> =
            pieces.iter().map(|piece| self.piece(id, requiring, call, piece)).collect();
        if found.contains(&Err(Lack::Refused)) {
            return Err(Lack::Refused);
        }
        let given = found.iter().find_map(|piece| piece.clone().ok());
        // Of evidence that falls short in several ways, what is nearest to being enough counts.
        let nearer = found
            .iter()
            .zip(pieces)
            .any(|(lack, piece)| *lack == Err(Lack::Outstanding) && self.is_about(id, call, piece));
        let expired = found.contains(&Err(Lack::Expired)) && !nearer;
        given.ok_or(if expired { Lack::Expired } else { Lack::Outstanding })
    }

    /// The same approval, the same definition of it, the same request.
    fn is_about(&self, id: ApprovalId, call: &Call, piece: &Json) -> bool {
        let decl = &self.package.approvals[id.index()].decl;
        let qualified = self.clause(decl);
        let text = |key: &str| piece.get(key).and_then(Json::as_str).unwrap_or_default();
        (text("approval") == decl.name || text("approval") == qualified)
            && Some(text("approval_digest")) == self.digests.get(&qualified).map(String::as_str)
            && Some(text("request_digest")) == call.digest.as_deref()
    }

    fn piece(&self, id: ApprovalId, requiring: &BTreeSet<String>, call: &Call, piece: &Json) -> Result<Asking, Lack> {
        let approval = &self.package.approvals[id.index()];
        let qualified = self.clause(&approval.decl);
        let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        if !self.is_about(id, call, piece) {
            return Err(Lack::Outstanding);
        }
        let asked = time(&text(piece, "asked_at"));
        if call.time.is_some_and(|now| now.as_millis() > asked + approval.expires.as_millis()) {
            return Err(Lack::Expired);
        }
        let empty = Vec::new();
        let votes = if let Some(Json::Arr(votes)) = piece.get("votes") { votes } else { &empty };
        let entitled = |vote: &&Json| self.entitled(id, call, vote);
        if votes.iter().filter(entitled).any(|vote| text(vote, "verdict") == "refuse") {
            return Err(Lack::Refused);
        }
        let Some(now) = call.time.map(Time::as_millis).filter(|now| asked <= *now) else {
            return Err(Lack::Outstanding);
        };
        let shown: BTreeSet<String> = match piece.get("clauses") {
            Some(Json::Arr(clauses)) => clauses.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            _ => BTreeSet::new(),
        };
        if !requiring.is_subset(&shown) {
            return Err(Lack::Outstanding);
        }
        let asking: Asking =
            (call.tenant.clone(), qualified, text(piece, "approval_digest"), text(piece, "request_digest"), asked);
        if let Some(first) = self.past.first_use(&asking)
            && approval.reuse.is_none_or(|reuse| now > first + reuse.as_millis())
        {
            return Err(Lack::Outstanding);
        }
        let noted = |vote: &Json| !approval.note_required || !text(vote, "note").trim().is_empty();
        let counted: Vec<&Json> = votes
            .iter()
            .filter(entitled)
            .filter(|vote| text(vote, "verdict") == "grant" && noted(vote) && time(&text(vote, "at")) >= asked)
            .collect();
        let person = |vote: &Json| text(vote, "person");
        let confirmed = counted.iter().any(|vote| call.user.as_ref().is_some_and(|u| u.id == person(vote)));
        let enough = approval.by.iter().all(|line| {
            let people: BTreeSet<String> = counted
                .iter()
                .filter(|vote| !requester(call, &person(vote)) && self.holds(vote, &line.roles))
                .map(|vote| person(vote))
                .collect();
            people.len() >= line.n as usize
        });
        if enough && (confirmed || !approval.by_user) { Ok(asking) } else { Err(Lack::Outstanding) }
    }

    /// May this person vote? Agents never, requesters only to confirm as the acting user.
    fn entitled(&self, id: ApprovalId, call: &Call, vote: &Json) -> bool {
        let approval = &self.package.approvals[id.index()];
        let person = vote.get("person").and_then(Json::as_str).unwrap_or_default();
        let agent = call.agent.id == person || call.chain.iter().any(|a| a.id == person);
        let confirms = approval.by_user && call.user.as_ref().is_some_and(|u| u.id == person);
        let votes = !requester(call, person) && approval.by.iter().any(|line| self.holds(vote, &line.roles));
        !agent && (confirms || votes)
    }

    fn holds(&self, vote: &Json, roles: &[claw_compiler::hir::RoleId]) -> bool {
        let Some(Json::Arr(named)) = vote.get("roles") else { return false };
        let holds = |name: &str| {
            self.package
                .roles
                .iter()
                .filter(|r| r.decl.name == name)
                .any(|r| r.closure.iter().any(|c| roles.contains(c)))
        };
        named.iter().filter_map(Json::as_str).any(holds)
    }
}

fn requester(call: &Call, person: &str) -> bool {
    let owners = std::iter::once(&call.agent).chain(&call.chain).filter_map(|a| a.owner.as_deref());
    call.user.as_ref().is_some_and(|u| u.id == person) || owners.into_iter().any(|owner| owner == person)
}

fn time(text: &str) -> i64 {
    Time::parse(text).expect("generated times are well-formed").as_millis()
}

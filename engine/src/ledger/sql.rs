//! What the stores in databases share: an asking as a row.
//!
//! The asking itself is one text, in JSON, that only this crate reads; the other columns are what rows are found by.
//! Names from outside are hashed in them: no database then cares how long they are or what is in them.

use claw_runtime::{Digest, Json};

use super::store::{Answer, StoreError};
use super::{Asking, State};

/// The table and its indexes, for SQLite and PostgreSQL alike. Another layout gets another name.
pub(super) const SCHEMA: &str = "
create table if not exists claw_askings_v1 (
    slot text primary key,
    id text not null,
    scope text not null,
    request text not null,
    opened bigint not null,
    expires bigint not null,
    awaits_votes bigint not null,
    version bigint not null,
    body text not null
);
create unique index if not exists claw_askings_v1_id on claw_askings_v1 (id);
create index if not exists claw_askings_v1_request on claw_askings_v1 (scope, request);
create index if not exists claw_askings_v1_open on claw_askings_v1 (scope, awaits_votes, opened, id);
create index if not exists claw_askings_v1_expires on claw_askings_v1 (expires);
";

/// $1 slot, $2 id, $3 scope, $4 request, $5 opened, $6 expires, $7 awaits_votes, $8 version, $9 body, $10 how many the
/// tenant may have.
pub(super) const INSERT: &str = "
insert into claw_askings_v1 (slot, id, scope, request, opened, expires, awaits_votes, version, body)
select $1, $2, $3, $4, $5, $6, $7, $8, $9
where (select count(*) from (select 1 from claw_askings_v1 where scope = $3 and expires >= $5 limit $10) as living) < $10
on conflict (slot) do nothing";

/// $1 slot, $2 id and $3 version of what must stand there; $4 id, $5 opened, $6 expires, $7 awaits_votes, $8 version,
/// $9 body of what shall.
pub(super) const REPLACE: &str = "
update claw_askings_v1 set id = $4, opened = $5, expires = $6, awaits_votes = $7, version = $8, body = $9
where slot = $1 and id = $2 and version = $3";

pub(super) const BY_ID: &str = "select body from claw_askings_v1 where id = $1";
pub(super) const BY_SLOT: &str = "select body from claw_askings_v1 where slot = $1";
/// One more than the ledger accepts, so that it notices.
pub(super) const BY_REQUEST: &str = "select body from claw_askings_v1 where scope = $1 and request = $2 limit 1025";

/// $1 scope, $2 now, $3 and $4 the cursor, $5 how many.
pub(super) const OPEN: &str = "
select body from claw_askings_v1
where scope = $1 and awaits_votes = 1 and expires >= $2 and (opened > $3 or (opened = $3 and id > $4))
order by opened, id limit $5";

/// $1 scope, $2 now, $3 how many. Two walks along the index, each of which ends after so many.
pub(super) const CLOSED: &str = "
select body from (
    select * from (
        select body, opened, id from claw_askings_v1 where scope = $1 and awaits_votes = 0
        order by opened desc, id desc limit $3) as voted
    union all
    select * from (
        select body, opened, id from claw_askings_v1 where scope = $1 and awaits_votes = 1 and expires < $2
        order by opened desc, id desc limit $3) as expired
) as closed
order by opened desc, id desc limit $3";

pub(super) const REMOVE: &str = "delete from claw_askings_v1 where expires < $1";

/// An asking's columns.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) slot: String,
    pub(super) id: String,
    pub(super) scope: String,
    pub(super) request: String,
    pub(super) opened: i64,
    pub(super) expires: i64,
    pub(super) awaits_votes: i64,
    pub(super) version: i64,
    pub(super) body: String,
}

impl Row {
    pub(super) fn of(asking: &Asking) -> Answer<Row> {
        let unfit = |e: &dyn std::fmt::Display| StoreError(format!("the asking can't be written: {e}"));
        Ok(Row {
            slot: asking.slot().0.to_string(),
            id: asking.id.to_string(),
            scope: scope(asking.ballot.tenant.as_deref()),
            request: asking.ballot.request_digest.to_string(),
            opened: asking.opened_at.as_millis(),
            expires: asking.expires_at.as_millis(),
            awaits_votes: i64::from(asking.state(asking.seen_at) == State::Open),
            version: i64::try_from(asking.version).map_err(|e| unfit(&e))?,
            body: serde_json::to_string(asking).map_err(|e| unfit(&e))?,
        })
    }
}

/// A tenant's name as it stands in its column.
pub(super) fn scope(tenant: Option<&str>) -> String {
    Digest::of_json(&tenant.map_or(Json::Null, Json::str)).to_string()
}

/// Reads the body of a row.
pub(super) fn read(body: &str) -> Answer<Asking> {
    serde_json::from_str(body).map_err(|e| StoreError(format!("a stored asking can't be read: {e}")))
}

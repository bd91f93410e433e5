//! Records as OpenTelemetry logs, for whoever watches rather than audits: a copy behind a sink that counts.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::logs::{AnyValue, LogRecord, Logger, Severity};

use super::{Sink, SinkError};
use crate::audit::{Line, Tail};

/// Emits each record with the logger that it is given. Where the logs go, and whether they arrive, the host's SDK knows;
/// so this can only be the copy of a [`Tee`](super::Tee), and a log that is opened with it alone fails.
///
/// A record's line is the log's body; `claw.seq`, `claw.hash` and `claw.tenant` are attributes, the event's name is
/// `claw.audit.decision` and so on.
pub struct OtelSink<L> {
    logger: L,
}

impl<L: Logger + Send> OtelSink<L> {
    /// A sink in front of this logger.
    pub fn new(logger: L) -> OtelSink<L> {
        OtelSink { logger }
    }
}

impl<L: Logger + Send> Sink for OtelSink<L> {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        let what = "OpenTelemetry does not tell what it has kept: it can only get copies of what another sink keeps";
        Err(SinkError::Unavailable(what.to_owned()))
    }

    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        for line in lines {
            let mut record = self.logger.create_log_record();
            record.set_event_name(event_name(line.event));
            record.set_severity_number(Severity::Info);
            record.set_severity_text(Severity::Info.name());
            let millis = line.time.and_then(|time| u64::try_from(time.as_millis()).ok());
            if let Some(time) = millis.and_then(|millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis))) {
                record.set_timestamp(time);
            }
            record.set_observed_timestamp(SystemTime::now());
            record.add_attribute("claw.seq", AnyValue::Int(i64::try_from(line.seq).unwrap_or(i64::MAX)));
            record.add_attribute("claw.hash", line.hash.to_string());
            if let Some(tenant) = &line.tenant {
                record.add_attribute("claw.tenant", tenant.clone());
            }
            record.set_body(AnyValue::from(line.text.clone()));
            self.logger.emit(record);
        }
        Ok(())
    }
}

impl<L> fmt::Debug for OtelSink<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtelSink")
    }
}

fn event_name(event: &'static str) -> &'static str {
    match event {
        "decision" => "claw.audit.decision",
        "result" => "claw.audit.result",
        "reload" => "claw.audit.reload",
        "ask" => "claw.audit.ask",
        "vote" => "claw.audit.vote",
        "approval" => "claw.audit.approval",
        "checkpoint" => "claw.audit.checkpoint",
        "gap" => "claw.audit.gap",
        "spool" => "claw.audit.spool",
        "torn" => "claw.audit.torn",
        "dropped" => "claw.audit.dropped",
        _ => "claw.audit",
    }
}

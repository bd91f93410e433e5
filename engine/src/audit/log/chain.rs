//! The order of records: which number and which hash comes next, what waits, and what a failure means for both.
//!
//! Plain data behind the log's lock. Knows no threads and talks to no sink.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use claw_runtime::Time;

use super::{AuditError, OnFailure, Options, Queue, Ticket};
use crate::audit::event::{CheckpointEvent, Event, GapEvent, SpoolEvent};
use crate::audit::record::{Line, Prepared, Tail};
use crate::audit::sink::SinkError;

/// How many lines of the spool are handed to the sink at once.
const DRAIN: usize = 1000;

#[derive(Debug)]
pub(super) struct Chain {
    pub(super) phase: Phase,
    /// A thread is talking to the sink.
    pub(super) busy: bool,
    /// The last record that was chained.
    tail: Option<Tail>,
    /// The last record that the sink has kept.
    pub(super) held: Option<Tail>,
    /// Chained, and to be handed to the sink.
    pub(super) pending: Queue,
    /// Chained while the sink was down.
    pub(super) spool: VecDeque<Line>,
    /// The first of the records that had to wait in the spool.
    spooled_from: Option<u64>,
    /// What failed last, as far as it is not in the spool: the sink may have kept it, or a part.
    in_doubt: Vec<(Tail, u64)>,
    /// Events that were refused since the last record.
    lost: u64,
    last_error: String,
    /// What the sink has to tell.
    pub(super) notes: Vec<Event>,
    /// Records since the last checkpoint, and the time of the first of them.
    unsigned: u64,
    unsigned_since: Option<Time>,
    options: Options,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// The sink works.
    Up,
    /// The sink has failed.
    Down { error: String, retry_at: Instant },
    /// Nothing is recorded any more.
    Over(AuditError),
}

/// What becomes of a line.
#[derive(Debug)]
pub(super) struct Entry {
    /// The thread that waits for it.
    ticket: Option<Arc<Ticket>>,
    /// How many events it stands for: they count as lost if it is.
    events: u64,
}

impl Entry {
    fn settle(&self, how: u8) {
        if let Some(ticket) = &self.ticket {
            ticket.settle(how);
        }
    }
}

impl Chain {
    pub(super) fn new(tail: Option<Tail>, notes: Vec<Event>, options: Options) -> Chain {
        Chain {
            phase: Phase::Up,
            busy: false,
            tail,
            held: tail,
            pending: Queue::new(),
            spool: VecDeque::new(),
            spooled_from: None,
            in_doubt: Vec::new(),
            lost: 0,
            last_error: String::new(),
            notes,
            unsigned: 0,
            unsigned_since: None,
            options,
        }
    }

    /// Whether so many more records may wait for a sink that works.
    pub(super) fn has_room(&self, more: usize) -> Result<(), AuditError> {
        let max = self.options.waiting;
        if self.pending.len().saturating_add(more) > max { Err(AuditError::Full { max }) } else { Ok(()) }
    }

    /// Whether so many more records may wait for one that fails.
    pub(super) fn has_spool(&self, more: usize) -> Result<(), AuditError> {
        match self.options.on_failure {
            OnFailure::Spool { max_records: max } if self.spool.len().saturating_add(more) > max => {
                Err(AuditError::Full { max })
            }
            OnFailure::Spool { .. } | OnFailure::Deny => Ok(()),
        }
    }

    /// Events were refused before they got a number.
    pub(super) fn lose(&mut self, events: usize, error: &AuditError) {
        self.lost = self.lost.saturating_add(events as u64);
        if matches!(self.phase, Phase::Up) {
            self.last_error = error.to_string();
        }
    }

    /// Chains an event, and before it whatever has to be told first. Answers the record's number.
    pub(super) fn push(
        &mut self,
        event: Prepared,
        time: Option<Time>,
        ticket: Option<Arc<Ticket>>,
    ) -> Result<u64, AuditError> {
        if matches!(self.phase, Phase::Up) {
            self.tell(time)?;
        }
        let seq = self.append(event, time, Entry { ticket, events: 1 });
        self.unsigned = self.unsigned.saturating_add(1);
        if self.unsigned_since.is_none() {
            self.unsigned_since = time;
        }
        let old =
            self.unsigned_since.zip(time).is_some_and(|(since, now)| now.since(since) >= self.options.checkpoint_every);
        if self.unsigned >= self.options.checkpoint_records.max(1) || old {
            self.checkpoint(time);
        }
        Ok(seq)
    }

    /// Chains what has happened to the log itself.
    fn tell(&mut self, time: Option<Time>) -> Result<(), AuditError> {
        for note in std::mem::take(&mut self.notes) {
            self.note(&note, time, 0)?;
        }
        if self.lost > 0 {
            let lost = std::mem::take(&mut self.lost);
            self.note(&Event::Gap(GapEvent { lost, error: self.last_error.clone() }), time, lost)?;
        }
        Ok(())
    }

    fn note(&mut self, event: &Event, time: Option<Time>, events: u64) -> Result<(), AuditError> {
        let prepared = Prepared::new(event).map_err(|error| AuditError::Unavailable(error.to_string()))?;
        self.append(prepared, time, Entry { ticket: None, events });
        Ok(())
    }

    fn append(&mut self, event: Prepared, time: Option<Time>, entry: Entry) -> u64 {
        let line = event.chain(self.tail.as_ref(), time);
        let seq = line.seq;
        self.tail = Some(line.tail(self.tail.as_ref()));
        match self.phase {
            Phase::Down { .. } => {
                entry.settle(Ticket::KEPT);
                self.spooled_from.get_or_insert(seq);
                self.spool.push_back(line);
            }
            Phase::Up | Phase::Over(_) => self.pending.push_back((line, entry)),
        }
        seq
    }

    /// Signs everything so far. A key that can't sign leaves the tail unsigned, which verifying tells.
    fn checkpoint(&mut self, time: Option<Time>) {
        let (Some(signer), Some(tail)) = (&self.options.signer, self.tail) else { return };
        let comment = format!("claw audit log through {}", tail.seq);
        let statement = CheckpointEvent::statement(tail.seq, &tail.hash);
        let Ok(signature) = signer.sign(statement.as_bytes(), &comment) else { return };
        let event = CheckpointEvent { through: tail.seq, head: tail.hash, key: signer.id().to_string(), signature };
        if self.note(&Event::Checkpoint(event), time, 0).is_ok() {
            self.unsigned = 0;
            self.unsigned_since = None;
        }
    }

    /// The last things to record before the log is closed.
    pub(super) fn finish(&mut self) {
        let time = self.tail.and_then(|tail| tail.time);
        // Nobody is left to be told.
        let _ = self.tell(time);
        if self.unsigned > 0 {
            self.checkpoint(time);
        }
    }

    /// The sink has kept a batch.
    pub(super) fn kept(&mut self, lines: &[Line], entries: &[Entry]) {
        self.hold(lines);
        entries.iter().for_each(|entry| entry.settle(Ticket::KEPT));
    }

    fn hold(&mut self, lines: &[Line]) {
        for line in lines {
            self.held = Some(line.tail(self.held.as_ref()));
        }
    }

    /// The sink has failed with a batch in its hands. What waited behind it names its hashes, and fails with it, unless
    /// there is a spool.
    pub(super) fn failed(&mut self, error: &SinkError, lines: Vec<Line>, entries: Vec<Entry>) {
        let waiting = std::mem::take(&mut self.pending);
        let all = lines.into_iter().zip(entries).chain(waiting);
        self.in_doubt.clear();
        match self.options.on_failure {
            OnFailure::Deny => {
                for (line, entry) in all {
                    entry.settle(Ticket::FAILED);
                    self.lost = self.lost.saturating_add(entry.events);
                    self.in_doubt.push((line.tail(None), entry.events));
                }
                self.tail = self.held;
            }
            OnFailure::Spool { max_records } => {
                for (line, entry) in all {
                    if self.spool.len() < max_records {
                        entry.settle(Ticket::KEPT);
                        self.spooled_from.get_or_insert(line.seq);
                        self.spool.push_back(line);
                    } else {
                        entry.settle(Ticket::FAILED);
                        self.lost = self.lost.saturating_add(entry.events);
                        self.in_doubt.push((line.tail(None), entry.events));
                    }
                }
                // The chain goes on behind what waits.
                self.tail = self.spool.iter().fold(self.held, |tail, line| Some(line.tail(tail.as_ref())));
            }
        }
        self.down(error);
    }

    pub(super) fn down(&mut self, error: &SinkError) {
        self.last_error = super::super::wire::capped(&error.to_string(), 1024);
        let retry_at = super::after(self.options.retry);
        self.phase = Phase::Down { error: self.last_error.clone(), retry_at };
    }

    /// The sink works again.
    pub(super) fn up(&mut self) {
        self.phase = Phase::Up;
        if let Some((first, tail)) = self.spooled_from.take().zip(self.tail) {
            self.notes.push(Event::Spool(SpoolEvent { first, last: tail.seq, error: self.last_error.clone() }));
        }
    }

    /// Why the last record failed.
    pub(super) fn why(&self) -> AuditError {
        match &self.phase {
            Phase::Over(error) => error.clone(),
            _ => AuditError::Unavailable(self.last_error.clone()),
        }
    }

    /// The sink says where it ends, after a failure. It may have kept of the batch that failed a part or all; anything else
    /// than that is not this log.
    pub(super) fn reconcile(&mut self, found: Option<Tail>) {
        let same = |a: &Tail, b: &Tail| a.seq == b.seq && a.hash == b.hash;
        let matches = |known: Option<&Tail>| match (known, &found) {
            (None, None) => true,
            (Some(known), Some(found)) => same(known, found),
            _ => false,
        };
        if matches(self.held.as_ref()) {
            self.in_doubt.clear();
            return;
        }
        if let Some(at) = self.spool.iter().position(|line| matches(Some(&line.tail(None)))) {
            let lines: Vec<Line> = self.spool.drain(..=at).collect();
            self.hold(&lines);
            self.in_doubt.clear();
            return;
        }
        if let Some(at) = self.in_doubt.iter().position(|(tail, _)| matches(Some(tail))) {
            // What is in the spool came before.
            self.spool.clear();
            let events: u64 = self.in_doubt.drain(..).take(at.saturating_add(1)).map(|(_, events)| events).sum();
            self.lost = self.lost.saturating_sub(events);
            self.held = found;
            self.tail = found;
            return;
        }
        let shown =
            |tail: &Option<Tail>| tail.map_or_else(|| "nothing".to_owned(), |tail| format!("record {}", tail.seq));
        let what = format!("it ended with {}, and ends with {} now", shown(&self.held), shown(&found));
        self.phase = Phase::Over(AuditError::Diverged(what));
    }

    /// The next lines of the spool, if there are any.
    pub(super) fn next_spooled(&self) -> Option<Vec<Line>> {
        (!self.spool.is_empty()).then(|| self.spool.iter().take(DRAIN).cloned().collect())
    }

    /// The sink has kept the first lines of the spool.
    pub(super) fn drained(&mut self, lines: &[Line]) {
        self.spool.drain(..lines.len().min(self.spool.len()));
        self.hold(lines);
    }
}

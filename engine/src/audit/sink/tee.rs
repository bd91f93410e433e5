//! One sink that counts, and one that gets what the first has kept.

use std::time::Duration;

use super::{Sink, SinkError};
use crate::audit::{Event, Line, Tail};

/// Keeps records in `primary`; once it has them, hands them to `copy` as well. What becomes of the copy changes nothing:
/// its failures are counted, and records that it missed are not sent again.
#[derive(Debug)]
pub struct Tee<P, C> {
    primary: P,
    copy: C,
    missed: u64,
    error: Option<SinkError>,
}

impl<P: Sink, C: Sink> Tee<P, C> {
    /// A sink that counts, and another for copies.
    pub fn new(primary: P, copy: C) -> Tee<P, C> {
        Tee { primary, copy, missed: 0, error: None }
    }

    /// How many records the copy has missed.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Why it missed the last of them.
    pub fn last_error(&self) -> Option<&SinkError> {
        self.error.as_ref()
    }
}

impl<P: Sink, C: Sink> Sink for Tee<P, C> {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        self.primary.tail()
    }

    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        self.primary.append(lines)?;
        if let Err(error) = self.copy.append(lines) {
            self.missed = self.missed.saturating_add(lines.len() as u64);
            self.error = Some(error);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        if let Err(error) = self.copy.flush() {
            self.error = Some(error);
        }
        self.primary.flush()
    }

    fn flush_every(&self) -> Option<Duration> {
        self.primary.flush_every().into_iter().chain(self.copy.flush_every()).min()
    }

    fn notes(&mut self) -> Vec<Event> {
        self.primary.notes()
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        (**self).tail()
    }
    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        (**self).append(lines)
    }
    fn flush(&mut self) -> Result<(), SinkError> {
        (**self).flush()
    }
    fn flush_every(&self) -> Option<Duration> {
        (**self).flush_every()
    }
    fn notes(&mut self) -> Vec<Event> {
        (**self).notes()
    }
}

//! Server-sent events, as far as MCP uses them: data, an id, a time to retry.

use std::time::Duration;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub data: Vec<u8>,
    pub id: Option<String>,
    pub retry: Option<Duration>,
}

/// Takes a stream apart into events.
#[derive(Debug)]
pub(super) struct Events {
    limit: usize,
    line: Vec<u8>,
    after_return: bool,
    event: Event,
    some: bool,
}

/// An event is longer than it may be.
#[derive(Debug)]
pub(super) struct TooLong;

impl Events {
    pub(super) fn new(limit: usize) -> Events {
        Events { limit, line: Vec::new(), after_return: false, event: Event::default(), some: false }
    }

    /// Takes a part of the stream; gives the events that ended in it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, end) = match part.split_last() {
                Some((end @ (b'\n' | b'\r'), text)) => (text, Some(*end)),
                _ => (part, None),
            };
            // `\r\n` is one end.
            let second = std::mem::replace(&mut self.after_return, end == Some(b'\r'));
            if second && end == Some(b'\n') && text.is_empty() {
                continue;
            }
            if self.line.len().saturating_add(self.event.data.len()).saturating_add(text.len()) > self.limit {
                return Err(TooLong);
            }
            self.line.extend_from_slice(text);
            if end.is_some() {
                events.extend(self.end_line());
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.some).then_some(event);
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (line.get(..colon)?, line.get(colon.saturating_add(1)..)?),
            None => (line.as_slice(), [].as_slice()),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
            }
            b"id" => self.event.id = String::from_utf8(value.to_vec()).ok().filter(|id| !id.contains('\0')),
            b"retry" => self.event.retry = std::str::from_utf8(value).ok()?.parse().ok().map(Duration::from_millis),
            _ => return None,
        }
        self.some = true;
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn events(parts: &[&str]) -> Vec<Event> {
        let mut events = Events::new(100);
        parts.iter().flat_map(|part| events.take(part.as_bytes()).unwrap()).collect()
    }

    fn data(data: &str) -> Event {
        Event { data: data.into(), ..Event::default() }
    }

    #[test]
    fn events_are_found_wherever_the_stream_is_cut() {
        let stream = ": hello\r\nid: 7\r\nretry: 20\r\ndata: a\r\n\r\nevent: message\ndata:b\ndata: c\n\n";
        let whole = events(&[stream]);
        let first = Event { id: Some("7".into()), retry: Some(Duration::from_millis(20)), ..data("a") };
        assert_eq!(whole, [first, data("b\nc")]);
        for cut in 0..stream.len() {
            let (left, right) = stream.split_at(cut);
            assert_eq!(events(&[left, right]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn an_event_that_does_not_end_is_given_up() {
        assert!(Events::new(10).take(b"data: 12345678901").is_err());
        assert!(Events::new(10).take(b"data: 1\ndata: 2\ndata: 3\ndata: 4\ndata: 5\ndata: 6").is_err());
    }
}

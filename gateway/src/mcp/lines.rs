//! Lines of bounded length from something that streams.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    limit: usize,
    line: Vec<u8>,
}

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its end.
    Whole(Vec<u8>),
    /// Its beginning; the rest is not read.
    TooLong(Vec<u8>),
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, limit: usize) -> Lines<R> {
        Lines { reader: BufReader::with_capacity(64 * 1024, reader), limit, line: Vec::new() }
    }

    /// The next line, or `None` at the end. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                let rest = std::mem::take(&mut self.line);
                return Ok((!rest.is_empty()).then_some(Line::Whole(rest)));
            }
            let (part, read, ended) = match available.iter().position(|byte| *byte == b'\n') {
                Some(end) => (available.get(..end).unwrap_or_default(), end.saturating_add(1), true),
                None => (available, available.len(), false),
            };
            let room = self.limit.saturating_sub(self.line.len());
            let too_long = part.len() > room;
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            self.reader.consume(read);
            if too_long {
                return Ok(Some(Line::TooLong(std::mem::take(&mut self.line))));
            }
            if ended {
                return Ok(Some(Line::Whole(std::mem::take(&mut self.line))));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn all(bytes: &[u8], limit: usize) -> Vec<Line> {
        let mut lines = Lines::new(bytes, limit);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            seen.push(line);
        }
        seen
    }

    #[tokio::test]
    async fn lines_end_with_a_newline_or_the_stream() {
        let whole = |text: &str| Line::Whole(text.into());
        assert_eq!(all(b"a\n\nbc", 3).await, [whole("a"), whole(""), whole("bc")]);
        assert_eq!(all(b"abc\n", 3).await, [whole("abc")]);
    }

    #[tokio::test]
    async fn a_line_that_does_not_end_is_given_up() {
        assert_eq!(all(b"abcd\n", 3).await.first(), Some(&Line::TooLong(b"abc".to_vec())));
        let endless = vec![b'x'; 1 << 20];
        assert_eq!(all(&endless, 100).await.first(), Some(&Line::TooLong(vec![b'x'; 100])));
    }
}

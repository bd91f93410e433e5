//! `clawc eval`: decide on requests.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use claw_runtime::{Decision, Limits, MemoryState, NoState, Outcome, Policy, RequestInput, Settlement};

use crate::Format;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy::{Loaded, decide_alone};
use crate::render::decision;

const AFTER_HELP: &str = "\
A request is a JSON object; everything but `args` is the host's word:
  { \"environment\": \"prod\", \"agent\": { \"id\": \"bot-7\", \"roles\": [\"support\"] },
    \"tool\": \"send_email\", \"args\": { \"to\": [\"eva@acme.com\"], \"subject\": \"hi\", \"body\": \"…\" } }

Whatever a request holds, there is a decision: a malformed one is denied with the reason invalid_request. The clock \
is never supplied: where a rule reads `now`, put \"time\" into the request.

A request that names a `session` is decided as the first call of it: no limit is used up, no label is set. Without \
`session`, and without --session, nothing is known of other calls, so limits and labels are unknown and deny. With \
--session the calls follow one another.

With --format json each decision is one line, in the order of the requests.

Exit status: 0 if decisions were made, 1 if the policy has errors, 2 for wrong usage and unreadable files. With \
--exit-status the strictest decision counts: 0 allow, 3 require_approval, 4 deny.

Examples:
  clawc eval main.claw --request request.json
  clawc eval policy.clawb --request request.json --format json --exit-status
  clawc eval policies/ --requests calls.jsonl --session
  tail -f calls.jsonl | clawc eval policy.clawb - --format json";

/// Decide on one request or on a stream of them
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
#[command(override_usage = "clawc eval [OPTIONS] <PATH> (--request <FILE> | --requests <FILE> | -)")]
#[command(group(clap::ArgGroup::new("source").required(true).args(["request", "requests", "stdin"])))]
pub struct Args {
    /// A policy (file or directory) or a compiled bundle
    path: PathBuf,
    /// A file with one request; `-` is standard input
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// A file with one request on each line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    requests: Option<PathBuf>,
    /// Read requests from standard input, one on each line
    #[arg(value_name = "-", value_parser = ["-"], hide_possible_values = true)]
    stdin: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Feed all requests through one state, in which each allowed call succeeds; requests that name no session share
    /// one
    #[arg(long)]
    session: bool,
    /// Tell the decision by the exit status: 0 allow, 3 require_approval, 4 deny
    #[arg(long)]
    exit_status: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    // Wrong names of files are told before the policy is compiled.
    let mut requests = Requests::open(args)?;
    let Some(loaded) = Loaded::open(&args.path, out)? else { return Ok(Exit::Findings) };
    let mut decider = Decider { policy: &loaded.policy, session: args.session.then(MemoryState::default) };
    let mut strictest = None;
    while let Some(request) = requests.next()? {
        let decision = decider.decide(&request.bytes, request.number);
        strictest = strictest.max(Some(decision.outcome));
        match args.format {
            Format::Json => out.line(&decision.to_string())?,
            Format::Human => {
                let place = if requests.is_stream() { format!("{}: ", request.number) } else { String::new() };
                let drawn = decision::human(&decision, &|file| loaded.show(file), out.paint());
                out.print(&format!("{place}{drawn}"))?;
            }
        }
        if requests.would_wait() {
            out.flush()?;
        }
        if out.is_closed() {
            break;
        }
    }
    match strictest {
        None => Err(Failure::new(format!("there is no request in {}", requests.name))
            .help("a request is a JSON object; see `clawc eval --help`")),
        Some(_) if !args.exit_status => Ok(Exit::Clean),
        Some(Outcome::Allow) => Ok(Exit::Clean),
        Some(Outcome::RequireApproval) => Ok(Exit::Approval),
        Some(Outcome::Deny) => Ok(Exit::Deny),
    }
}

struct Decider<'a> {
    policy: &'a Policy,
    /// Where the calls of a stream are remembered.
    session: Option<MemoryState>,
}

impl Decider<'_> {
    fn decide(&mut self, bytes: &[u8], number: usize) -> Decision {
        let Some(state) = &self.session else { return decide_alone(self.policy, bytes) };
        let request = RequestInput::from_json(bytes, &Limits::default()).map_err(|_| ()).and_then(|mut input| {
            // A call is remembered by its id, one that has none by its line; and the stream is one session where
            // the host does not tell sessions apart.
            input.call_id.get_or_insert_with(|| format!("line {number}"));
            input.session.get_or_insert_with(|| "eval".to_owned());
            self.policy.prepare(&input).map_err(|_| ())
        });
        // What is no request is denied as it would be without a state.
        let Ok(request) = request else { return self.policy.decide_json(bytes, &NoState) };
        let decision = self.policy.begin(&request, state);
        if decision.is_allowed() {
            // The store is in memory and has just taken the call in.
            let _ = self.policy.settle(&request, Settlement::Ok, state);
        }
        decision
    }
}

/// One request as it was read.
struct Raw {
    bytes: Vec<u8>,
    /// The line, from 1.
    number: usize,
}

/// Where requests come from.
struct Requests {
    /// For messages: a file in backticks, or "standard input".
    name: String,
    from: From,
}

enum From {
    /// The one request, until it was handed out.
    One(Option<Vec<u8>>),
    Lines {
        reader: BufReader<Box<dyn Read>>,
        line: usize,
        /// Nothing was read yet, and it came from `-`.
        may_be_document: bool,
    },
}

/// Whether the text is the beginning of a JSON document and no more.
fn is_beginning(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

impl Requests {
    fn open(args: &Args) -> Result<Requests, Failure> {
        let path = args.request.as_deref().or(args.requests.as_deref()).unwrap_or(Path::new("-"));
        let name = files::input_name(path);
        if args.request.is_some() {
            let bytes = files::read_input(path)?;
            let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
            return Ok(Requests { name, from: From::One((!is_empty).then_some(bytes)) });
        }
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            // For the message about a missing file or a directory.
            files::probe(path)?;
            Box::new(File::open(path).map_err(|error| Failure::io("read", path, &error))?)
        };
        Ok(Requests {
            name,
            from: From::Lines { reader: BufReader::new(input), line: 0, may_be_document: args.stdin.is_some() },
        })
    }

    fn is_stream(&self) -> bool {
        matches!(self.from, From::Lines { .. })
    }

    /// Whether the next request may have to be waited for, so that answers should go out first.
    fn would_wait(&self) -> bool {
        matches!(&self.from, From::Lines { reader, .. } if reader.buffer().is_empty())
    }

    fn next(&mut self) -> Result<Option<Raw>, Failure> {
        let (reader, line) = match &mut self.from {
            From::One(bytes) => return Ok(bytes.take().map(|bytes| Raw { bytes, number: 1 })),
            From::Lines { reader, line, .. } => (reader, line),
        };
        let name = self.name.clone();
        let failed = |error| Failure::new(format!("cannot read {name}: {error}"));
        let bytes = loop {
            let Some(bytes) = read_line(reader).map_err(failed)? else { return Ok(None) };
            *line += 1;
            if !bytes.iter().all(u8::is_ascii_whitespace) {
                break bytes;
            }
        };
        let number = *line;
        match self.document(&bytes).map_err(failed)? {
            Some(document) => Ok(Some(Raw { bytes: document, number })),
            None => Ok(Some(Raw { bytes, number })),
        }
    }

    /// On `-`, people also send one request that is spread over lines. If the first line only begins a document, and
    /// all that follows completes it, that is the request; otherwise every line stands for itself.
    fn document(&mut self, first: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let From::Lines { reader, may_be_document, .. } = &mut self.from else { return Ok(None) };
        if !std::mem::take(may_be_document) || !is_beginning(first) {
            return Ok(None);
        }
        let mut rest = Vec::new();
        reader.by_ref().take(files::MAX_DATA).read_to_end(&mut rest)?;
        let document = [first, b"\n", &rest].concat();
        if serde_json::from_slice::<serde::de::IgnoredAny>(&document).is_ok() {
            return Ok(Some(document));
        }
        *reader = BufReader::new(Box::new(io::Cursor::new(rest)));
        Ok(None)
    }
}

/// The next line without its break. Of a line that no request may be as long as, only so much is kept that the
/// decoder refuses it.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let keep = Limits::default().bytes + 1;
    let mut line = Vec::new();
    let mut any = false;
    loop {
        let buffer = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        if buffer.is_empty() {
            return Ok(any.then_some(line));
        }
        any = true;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        line.extend_from_slice(&part[..part.len().min(keep - line.len())]);
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

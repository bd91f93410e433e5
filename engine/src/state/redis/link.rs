//! One connection to Redis, every use of which ends before a deadline.

use std::time::{Duration as Wait, Instant};

use claw_runtime::state::{Answer, StateError};
use redis::{Cmd, Connection, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};

const COMMIT: &str = include_str!("commit.lua");
const GENERATION: &str = include_str!("generation.lua");

/// A connection, and what the server calls the script that ends a step.
pub(super) struct Link {
    connection: Connection,
    commit: String,
    /// It has answered before: that it fails may only mean that the server was restarted meanwhile.
    pub(super) used: bool,
}

/// Arguments of a script.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) keys: Vec<String>,
    pub(super) values: Vec<Vec<u8>>,
}

/// Why there is no answer.
pub(super) enum Failure {
    /// The server has answered with an error; the connection is as good as before.
    Refused(StateError),
    /// Anything else: what the connection says next would be no answer to what it is asked next.
    Broken(StateError),
}

impl Failure {
    pub(super) fn error(self) -> StateError {
        match self {
            Failure::Refused(error) | Failure::Broken(error) => error,
        }
    }
}

impl Link {
    pub(super) fn connect(client: &redis::Client, deadline: Instant) -> Answer<Link> {
        let connection = client.get_connection_with_timeout(left(deadline)?).map_err(|e| failure(&e).error())?;
        let mut link = Link { connection, commit: String::new(), used: false };
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(COMMIT);
        link.commit = link.ask(&load, deadline).map_err(Failure::error)?;
        Ok(link)
    }

    pub(super) fn ask<T: FromRedisValue>(&mut self, command: &Cmd, deadline: Instant) -> Result<T, Failure> {
        self.run(deadline, |connection| command.query(connection))
    }

    /// Several commands in one go; one answer for each.
    pub(super) fn ask_all(&mut self, pipeline: &Pipeline, deadline: Instant) -> Result<Vec<Value>, Failure> {
        let answers: Vec<Value> = self.run(deadline, |connection| pipeline.query(connection))?;
        if answers.len() == pipeline.len() { Ok(answers) } else { Err(Failure::Broken(nonsense())) }
    }

    /// Ends a step; see `commit.lua`.
    pub(super) fn commit(&mut self, arguments: &Arguments, deadline: Instant) -> Result<(i64, i64), Failure> {
        let by_name = script("EVALSHA", &self.commit, arguments);
        self.run(deadline, |connection| match by_name.query(connection) {
            // The server was told to forget its scripts.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                script("EVAL", COMMIT, arguments).query(connection)
            }
            other => other,
        })
    }

    /// What the store's generation is after this was done to it; see `generation.lua`.
    pub(super) fn generation(&mut self, arguments: &Arguments, deadline: Instant) -> Result<String, Failure> {
        self.ask(&script("EVAL", GENERATION, arguments), deadline)
    }

    fn run<T>(&mut self, deadline: Instant, ask: impl FnOnce(&mut Connection) -> RedisResult<T>) -> Result<T, Failure> {
        let left = Some(left(deadline).map_err(Failure::Refused)?);
        self.connection.set_read_timeout(left).map_err(|e| failure(&e))?;
        self.connection.set_write_timeout(left).map_err(|e| failure(&e))?;
        let answer = ask(&mut self.connection).map_err(|e| failure(&e))?;
        self.used = true;
        Ok(answer)
    }
}

fn script(how: &str, which: &str, arguments: &Arguments) -> Cmd {
    let mut command = redis::cmd(how);
    command.arg(which).arg(arguments.keys.len());
    command.arg(&arguments.keys);
    for value in &arguments.values {
        command.arg(value);
    }
    command
}

/// What is left until the deadline: never nothing, which sockets take for ever.
fn left(deadline: Instant) -> Answer<Wait> {
    deadline.checked_duration_since(Instant::now()).filter(|left| *left >= Wait::from_millis(1)).ok_or_else(late)
}

pub(super) fn late() -> StateError {
    StateError::Unavailable("it did not answer in time".to_owned())
}

pub(super) fn nonsense() -> StateError {
    StateError::Unavailable("its answer makes no sense".to_owned())
}

fn failure(error: &RedisError) -> Failure {
    if let ErrorKind::Server(_) | ErrorKind::Extension = error.kind() {
        return Failure::Refused(StateError::Unavailable(error.to_string()));
    }
    Failure::Broken(if error.is_timeout() {
        late()
    } else if error.is_io_error() {
        StateError::Unavailable(format!("there is no connection: {error}"))
    } else {
        nonsense()
    })
}

//! JSON-RPC 2.0, one object a line: reading requests within a bound, building answers. Knows nothing of methods.

use super::trouble;
use super::types::{LINE_BYTES, Trouble};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Not JSON.
pub const PARSE: i64 = -32_700;
/// Not a request.
pub const INVALID: i64 = -32_600;
/// No such method.
pub const NO_METHOD: i64 = -32_601;
/// The parameters do not fit the method.
pub const BAD_PARAMS: i64 = -32_602;
/// An error of the application, described in `data`.
pub const APPLICATION: i64 = -32_000;
/// Another API version, or no hello.
pub const API_VERSION: i64 = -32_010;

/// One request.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// Comes back with the answer; none for a notification, which gets no answer.
    #[serde(default)]
    pub id: Option<Value>,
    /// What to do.
    pub method: String,
    /// With what; an object, or nothing.
    #[serde(default)]
    pub params: Value,
}

/// Why a request has no result.
#[derive(Debug)]
pub struct Fault {
    /// JSON-RPC's code.
    pub code: i64,
    /// In words, for `data`.
    pub trouble: Trouble,
}

impl Fault {
    /// The method does not exist.
    pub fn no_method(method: &str) -> Self {
        let shown: String = method.chars().filter(|c| !c.is_control()).take(40).collect();
        Self {
            code: NO_METHOD,
            trouble: trouble::misuse(
                format!("There is no method {shown:?}"),
                "docs/user/api.md lists the methods.",
            ),
        }
    }

    /// The parameters do not fit.
    pub fn bad_params(what: &str) -> Self {
        let what: String = what.chars().filter(|c| !c.is_control()).take(200).collect();
        Self {
            code: BAD_PARAMS,
            trouble: trouble::misuse(
                format!("The parameters do not fit: {what}"),
                "docs/user/api.md lists them.",
            ),
        }
    }

    /// Another API version, or no hello.
    pub fn api(what: impl Into<String>) -> Self {
        Self { code: API_VERSION, trouble: trouble::other_api(what) }
    }
}

impl<T: Into<Trouble>> From<T> for Fault {
    fn from(trouble: T) -> Self {
        Self { code: APPLICATION, trouble: trouble.into() }
    }
}

/// A result as its JSON text.
pub type Body = Vec<u8>;

/// Writes a result down.
///
/// # Errors
/// Only for types JSON cannot hold, which the API's are not.
pub fn body<T: Serialize + ?Sized>(result: &T) -> Result<Body, Fault> {
    serde_json::to_vec(result)
        .map_err(|fault| trouble::internal(format!("An answer cannot be written: {fault}")).into())
}

/// The whole line of an answer.
pub fn answer(id: &Value, outcome: &Result<Body, Fault>) -> Vec<u8> {
    let size = outcome.as_ref().map_or(512, Vec::len);
    let mut line = Vec::with_capacity(size + 80);
    line.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    // Writing a Value into memory cannot fail.
    let _ = serde_json::to_writer(&mut line, id);
    match outcome {
        Ok(body) => {
            line.extend_from_slice(b",\"result\":");
            line.extend_from_slice(body);
        }
        Err(fault) => {
            #[derive(Serialize)]
            struct Error<'a> {
                code: i64,
                message: String,
                data: &'a Trouble,
            }
            line.extend_from_slice(b",\"error\":");
            let error = Error { code: fault.code, message: fault.trouble.what.clone(), data: &fault.trouble };
            // Plain strings and numbers into memory: cannot fail.
            let _ = serde_json::to_writer(&mut line, &error);
        }
    }
    line.extend_from_slice(b"}\n");
    line
}

/// The whole line of a notification.
pub fn notification<T: Serialize>(method: &str, params: &T) -> Vec<u8> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        jsonrpc: &'static str,
        method: &'a str,
        params: &'a T,
    }
    let mut line = Vec::with_capacity(512);
    // The API's objects into memory: cannot fail.
    let _ = serde_json::to_writer(&mut line, &Line { jsonrpc: "2.0", method, params });
    line.push(b'\n');
    line
}

/// What reading a line gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// A whole line is in the buffer, without its end.
    Whole,
    /// Longer than the bound; the rest was not read.
    TooLong,
    /// The other side ended.
    End,
}

/// Reads one line of at most [`LINE_BYTES`] into `line`. Cancelling loses what was read so far.
///
/// # Errors
/// The connection's.
pub async fn read_line<R: AsyncBufRead + Unpin>(reader: &mut R, line: &mut Vec<u8>) -> std::io::Result<Line> {
    loop {
        let chunk = reader.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(if line.is_empty() { Line::End } else { Line::Whole });
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(chunk.len());
        if line.len() + taken > LINE_BYTES {
            return Ok(Line::TooLong);
        }
        line.extend(chunk.iter().take(taken));
        reader.consume(taken + usize::from(end.is_some()));
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(Line::Whole);
        }
    }
}

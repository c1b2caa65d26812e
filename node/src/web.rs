//! `daemon --web`: figures of this node for a collector on the same machine, as text of Prometheus at `/metrics`
//! (docs/user/cli.md, "Figures"). One request a connection. Must not change anything, tell who anybody is, or be
//! reached from another machine: it listens on loopback only, and a page of the internet that was led here by a name
//! of its own (DNS rebinding) gives itself away by the `Host` it asks for.

mod metrics;
#[cfg(test)]
mod tests;

use crate::driver::handle::NodeHandle;
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Connections at once; whoever comes then waits until one ends. A collector needs one, a person looking another.
const CONNECTIONS: usize = 8;
/// How long a connection may take in all. Shorter fails while the disk is slow; longer lets idle ones hold places.
const REQUEST: Duration = Duration::from_secs(5);
/// Bytes of a request's line and headers: the least hyper takes. Browsers send one or two thousand.
const HEADER_BYTES: usize = 8_192;
/// Headers of a request. Browsers send some 20.
const HEADERS: usize = 64;
/// How long nothing is accepted after the system refused to: it is out of file handles, most likely.
const PAUSE: Duration = Duration::from_millis(50);
/// The form of the figures, in its collectors' words.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// A port that is open and not served yet.
pub struct Web {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Web {
    /// Listens.
    ///
    /// # Errors
    /// The system's (the port is taken), and `InvalidInput` for an address others could reach.
    pub async fn bind(addr: SocketAddr) -> io::Result<Self> {
        if !addr.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not an address of this machine only",
            ));
        }
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr })
    }

    /// Where it listens, with the port the system chose if none was said.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until the node is asked to end.
    pub async fn run(self, handle: NodeHandle) {
        let stopping = handle.clone();
        let text = move || {
            let handle = handle.clone();
            async move { metrics::text(&metrics::gather(&handle).await) }
        };
        serve(self.listener, stopping.stopping(), text, REQUEST).await;
    }
}

/// Answers with `text` until `stop`; a connection may take `limit`.
async fn serve<F, T>(listener: TcpListener, stop: impl Future<Output = ()>, text: F, limit: Duration)
where
    F: Fn() -> T + Clone + Send + Sync + 'static,
    T: Future<Output = String> + Send + 'static,
{
    let mut stop = std::pin::pin!(stop);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept(), if connections.len() < CONNECTIONS => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, text.clone());
                // One that is too slow is closed without a word.
                connections.spawn(async move { drop(tokio::time::timeout(limit, connection).await) });
            }
            Err(fault) => {
                tracing::warn!(%fault, "a connection for figures could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One request, and its answer.
async fn connection<F, T>(stream: TcpStream, text: F)
where
    F: Fn() -> T,
    T: Future<Output = String>,
{
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let refused = refusal(request.method(), request.uri(), request.headers());
        // Nothing is asked of the node before this is awaited.
        let text = text();
        async move {
            Ok::<_, Infallible>(match refused {
                Some(refused) => refused,
                None => answer(StatusCode::OK, TEXT, text.await),
            })
        }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(fault) = served {
        tracing::debug!(%fault, "somebody who asked for figures broke off, or does not speak HTTP");
    }
}

/// Why a request gets no figures, if so.
fn refusal(method: &Method, uri: &hyper::Uri, headers: &HeaderMap) -> Option<Response<String>> {
    let refuse = |status, words: &str| Some(answer(status, PLAIN, format!("{words}\n")));
    if !is_for_us(uri, headers) {
        return refuse(StatusCode::FORBIDDEN, "Ask for it as localhost.");
    }
    if uri.path() != "/metrics" {
        return refuse(StatusCode::NOT_FOUND, "There is only /metrics here.");
    }
    if method != Method::GET && method != Method::HEAD {
        let mut refused = refuse(StatusCode::METHOD_NOT_ALLOWED, "It can only be read.")?;
        refused.headers_mut().insert(ALLOW, METHODS);
        return Some(refused);
    }
    None
}

fn answer(status: StatusCode, form: HeaderValue, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, form);
    response
}

/// Whether a request names this machine, once in `Host` and nothing else in its first line.
fn is_for_us(uri: &hyper::Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    host.to_str().is_ok_and(is_local) && uri.authority().is_none_or(|named| is_local(named.as_str()))
}

/// Whether a host, with a port or without, is a name or an address of the machine itself.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => {
            if port.parse::<u16>().is_err() {
                return false;
            }
            name
        }
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || name == "[::1]"
        || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

//! Hints in as few bytes as they need, because a link is shown as a QR code (docs/spec/02-identity.md, "Hints").
//! Ordinary addresses become 7 or 19 bytes, an address with both transports on one port counts once, anything else
//! is text. Every list of hints has one encoding.

use crate::limits::INVITE_HINTS;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A hint as text: length u8, then that many bytes of printable ASCII.
const TEXT: u8 = 0;
/// Bits of the other tags: which transports...
const QUIC: u8 = 1;
const TCP: u8 = 2;
/// ...and whether the address has 16 bytes rather than 4.
const IP6: u8 = 4;

/// An address and port with one or both transports.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Plain {
    transports: u8,
    ip: IpAddr,
    port: u16,
}

impl Plain {
    fn parse(hint: &str) -> Option<Self> {
        let mut parts = hint.split('/');
        let (None | Some(""), Some(family), Some(ip)) = (parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        let ip = match family {
            "ip4" => IpAddr::V4(ip.parse().ok()?),
            "ip6" => IpAddr::V6(ip.parse().ok()?),
            _ => return None,
        };
        let (transport, port) = (parts.next()?, parts.next()?.parse().ok()?);
        let transports = match (transport, parts.next(), parts.next()) {
            ("tcp", None, None) => TCP,
            ("udp", Some("quic-v1"), None) => QUIC,
            _ => return None,
        };
        let plain = Self { transports, ip, port };
        // Only if it prints as it was written: "/ip4/1.2.3.4/tcp/080" stays text.
        (plain.hints() == [hint]).then_some(plain)
    }

    fn hints(self) -> Vec<String> {
        let family = if self.ip.is_ipv4() { "ip4" } else { "ip6" };
        let mut hints = Vec::with_capacity(2);
        if self.transports & QUIC != 0 {
            hints.push(format!("/{family}/{}/udp/{}/quic-v1", self.ip, self.port));
        }
        if self.transports & TCP != 0 {
            hints.push(format!("/{family}/{}/tcp/{}", self.ip, self.port));
        }
        hints
    }

    fn write(self, out: &mut Vec<u8>) {
        match self.ip {
            IpAddr::V4(ip) => {
                out.push(self.transports);
                out.extend_from_slice(&ip.octets());
            }
            IpAddr::V6(ip) => {
                out.push(self.transports | IP6);
                out.extend_from_slice(&ip.octets());
            }
        }
        out.extend_from_slice(&self.port.to_be_bytes());
    }

    fn read(tag: u8, bytes: &[u8]) -> Option<(Self, &[u8])> {
        let transports = tag & (QUIC | TCP);
        if transports == 0 || tag & !(QUIC | TCP | IP6) != 0 {
            return None;
        }
        let (ip, rest) = if tag & IP6 == 0 {
            let (octets, rest) = bytes.split_first_chunk::<4>()?;
            (IpAddr::V4(Ipv4Addr::from(*octets)), rest)
        } else {
            let (octets, rest) = bytes.split_first_chunk::<16>()?;
            (IpAddr::V6(Ipv6Addr::from(*octets)), rest)
        };
        let (port, rest) = rest.split_first_chunk::<2>()?;
        Some((Self { transports, ip, port: u16::from_be_bytes(*port) }, rest))
    }
}

fn is_text_hint(hint: &str) -> bool {
    !hint.is_empty() && u8::try_from(hint.len()).is_ok() && hint.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The encoding of the first [`INVITE_HINTS`] hints that can be written at all: printable ASCII of at most 255 bytes.
pub(crate) fn encode(hints: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut hints = hints.iter().filter(|hint| is_text_hint(hint)).take(INVITE_HINTS).peekable();
    while let Some(hint) = hints.next() {
        let Some(mut plain) = Plain::parse(hint) else {
            // The length was checked to fit.
            out.extend_from_slice(&[TEXT, u8::try_from(hint.len()).unwrap_or(u8::MAX)]);
            out.extend_from_slice(hint.as_bytes());
            continue;
        };
        let both = Plain { transports: TCP, ..plain };
        if plain.transports == QUIC && hints.next_if(|next| Plain::parse(next) == Some(both)).is_some() {
            plain.transports |= TCP;
        }
        plain.write(&mut out);
    }
    out
}

/// The hints in `bytes`, if this is exactly what [`encode`] gives for them.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<String>> {
    let mut hints = Vec::new();
    let mut rest = bytes;
    while let Some((tag, after)) = rest.split_first() {
        if hints.len() >= INVITE_HINTS {
            return None;
        }
        if *tag == TEXT {
            let (length, after) = after.split_first()?;
            let (text, after) = after.split_at_checked(usize::from(*length))?;
            hints.push(std::str::from_utf8(text).ok()?.to_owned());
            rest = after;
        } else {
            let (plain, after) = Plain::read(*tag, after)?;
            hints.extend(plain.hints());
            rest = after;
        }
    }
    (encode(&hints) == bytes).then_some(hints)
}

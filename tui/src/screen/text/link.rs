//! Addresses in a text, and what one must see of an address before it is opened: the whole of it, with the letters a
//! computer reads. Only web and mail addresses are links; everything else stays text.

use super::clean;
use linkify::{LinkFinder, LinkKind};
use std::ops::Range;

/// Links of one message that are offered. More than nine cannot be told apart by a digit.
pub const OFFERED: usize = 9;
/// Bytes of an address that is opened. Longer ones are text; some programs break on them.
const ADDRESS_BYTES: usize = 2_048;

/// Where addresses stand in a cleaned line.
pub fn places(line: &str) -> Vec<Range<usize>> {
    if !line.contains("://") && !line.contains("mailto:") {
        return Vec::new();
    }
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let found = finder.links(line).filter(|link| openable(link.as_str()));
    found.map(|link| link.start()..link.end()).collect()
}

/// Whether an address may be opened at all.
pub fn openable(address: &str) -> bool {
    let scheme = ["http://", "https://"]
        .iter()
        .any(|scheme| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    scheme && address.len() <= ADDRESS_BYTES && !address.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// The addresses of a text in their order, each once, at most [`OFFERED`].
pub fn addresses(text: &str) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for line in clean::lines(text) {
        for place in places(&line) {
            let address = Address::of(line.get(place).unwrap_or(""));
            if !found.contains(&address) {
                found.push(address);
            }
            if found.len() >= OFFERED {
                return found;
            }
        }
    }
    found
}

/// An address as it is opened, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What is opened, and shown: its host in the letters of the network.
    pub whole: String,
    /// The host as it was written, if the network reads other letters.
    pub looks_like: Option<String>,
    /// What stands before an `@` in front of the host: it only looks like one.
    pub before_at: Option<String>,
}

impl Address {
    /// An address of a text.
    pub fn of(text: &str) -> Self {
        let text = clean::line(text);
        let (scheme, rest) = text.split_once("://").unwrap_or(("", &text));
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let labels = |change: fn(&str) -> String| host.split('.').map(change).collect::<Vec<_>>().join(".");
        let (network, letters) = (labels(to_network), labels(to_letters));
        let user_part = user.map(|user| format!("{user}@")).unwrap_or_default();
        Self {
            whole: format!("{scheme}://{user_part}{network}{path}"),
            looks_like: (network != letters).then(|| clean::line(&letters)),
            before_at: user.map(str::to_owned),
        }
    }
}

/// A label of a host in the letters of the network.
fn to_network(label: &str) -> String {
    if label.is_ascii() {
        return label.to_owned();
    }
    let low = label.to_lowercase();
    punycode(&low).map_or_else(|| "?".to_owned(), |code| format!("xn--{code}"))
}

/// A label of a host as it looks.
fn to_letters(label: &str) -> String {
    let code = label.get(..4).filter(|start| start.eq_ignore_ascii_case("xn--")).and(label.get(4..));
    code.and_then(|code| unpunycode(&code.to_ascii_lowercase())).unwrap_or_else(|| label.to_owned())
}

// RFC 3492, section 5: the parameters of Punycode.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST: u32 = 0x80;
/// Characters of a label of a host.
const LABEL: usize = 63;

fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / count.max(1);
    let mut k = 0;
    while delta > ((BASE - T_MIN) * T_MAX) / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

fn digit(value: u32) -> char {
    let letter = if value < 26 { u32::from(b'a') + value } else { u32::from(b'0') + value - 26 };
    char::from_u32(letter).unwrap_or('?')
}

fn punycode(label: &str) -> Option<String> {
    let letters: Vec<u32> = label.chars().map(u32::from).collect();
    if letters.len() > LABEL {
        return None;
    }
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut done) = (FIRST, 0_u32, FIRST_BIAS, basic);
    while done < u32::try_from(letters.len()).ok()? {
        let next = letters.iter().copied().filter(|letter| *letter >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(done + 1)?)?;
        n = next;
        for letter in &letters {
            if *letter < n {
                delta = delta.checked_add(1)?;
            }
            if *letter == n {
                let (mut q, mut k) = (delta, BASE);
                loop {
                    let t = threshold(k, bias);
                    if q < t {
                        break;
                    }
                    out.push(digit(t + (q - t) % (BASE - t)));
                    q = (q - t) / (BASE - t);
                    k += BASE;
                }
                out.push(digit(q));
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(out)
}

fn unpunycode(code: &str) -> Option<String> {
    if code.len() > LABEL || !code.is_ascii() {
        return None;
    }
    let (basic, rest) = code.rsplit_once('-').unwrap_or(("", code));
    let mut letters: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (FIRST, 0_u32, FIRST_BIAS);
    let mut digits = rest.chars().map(|c| match c {
        'a'..='z' => Some(u32::from(c) - u32::from('a')),
        '0'..='9' => Some(u32::from(c) - u32::from('0') + 26),
        _ => None,
    });
    while let Some(mut value) = digits.next() {
        let before = i;
        let (mut weight, mut k) = (1_u32, BASE);
        loop {
            let digit = value?;
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let t = threshold(k, bias);
            if digit < t {
                break;
            }
            weight = weight.checked_mul(BASE - t)?;
            k += BASE;
            value = digits.next()?;
        }
        let count = u32::try_from(letters.len()).ok()? + 1;
        bias = adapt(i - before, count, before == 0);
        n = n.checked_add(i / count)?;
        i %= count;
        letters.insert(usize::try_from(i).ok()?, char::from_u32(n)?);
        i += 1;
    }
    Some(letters.into_iter().collect())
}

//! F5: am I on, can people reach me and how, what of mine is still on the way; and what a test finds.

use super::canvas::Canvas;
use crate::screen::model::overlay::{NetView, Trial};
use crate::screen::model::words::report;
use crate::screen::model::{Model, words};
use crate::screen::text::{clean, count, time, wrap};
use ratatui::style::Style;
use starling_node::api::types::{Address, Net, Test};

/// Columns of the box's inside.
const WIDTH: u16 = 72;
/// People with waiting messages that are named.
const NAMED: usize = 6;
/// Addresses shown of each kind. All of them are in `starling net`.
const ADDRESSES: usize = 6;

/// Columns before a test's text.
const INDENT: usize = 13;

/// Lines on their way to the box, wrapped to its width.
struct Lines {
    width: usize,
    lines: Vec<(String, Style)>,
}

impl Lines {
    fn say(&mut self, indent: usize, words: &str, style: Style) {
        let room = self.width.saturating_sub(indent).max(1);
        for line in wrap::wrap(&clean::line(words), room) {
            self.lines.push((format!("{:indent$}{line}", ""), style));
        }
    }

    /// A text beside a short word.
    fn head(&mut self, head: &str, words: &str, style: Style) {
        let at = self.lines.len();
        self.say(INDENT, words, style);
        if let Some((first, _)) = self.lines.get_mut(at) {
            *first = format!("{head:<INDENT$}{}", first.trim_start());
        }
    }

    fn gap(&mut self) {
        self.lines.push((String::new(), Style::new()));
    }
}

/// Draws it.
pub fn draw(model: &Model, view: &NetView, canvas: &mut Canvas<'_>) {
    let screen = canvas.area();
    let width = usize::from(WIDTH.min(screen.width.saturating_sub(4)));
    let mut lines = Lines { width, lines: Vec::new() };
    let title = match &view.trial {
        Trial::None => {
            facts(model, view, &mut lines);
            "Network"
        }
        Trial::Running => {
            let style = model.theme.styles.text;
            lines.say(0, "Trying everything there is. This takes up to half a minute.", style);
            "Network test"
        }
        Trial::Done(found) => {
            results(model, found, &mut lines);
            "Network test"
        }
    };
    if view.copied {
        lines.gap();
        let words = "Copied, by the terminal: a report without names, addresses or keys.";
        lines.say(0, words, model.theme.styles.good);
    }
    let most = usize::from(screen.height.saturating_sub(2));
    let more = if lines.lines.len() > most { "Down more   " } else { "" };
    let foot = match (&view.trial, width >= 60) {
        (Trial::None, true) => "t test   c copy a report   w try all now   Esc",
        (Trial::None, false) => "t test  c copy  w try now  Esc",
        (Trial::Running, _) => "Esc",
        (Trial::Done(_), true) => "t again   c copy a report   r back   Esc",
        (Trial::Done(_), false) => "t again  c copy  r back  Esc",
    };
    let wanted = u16::try_from(lines.lines.len().min(most)).unwrap_or(u16::MAX);
    let inside = canvas.boxed(title, &format!("{more}{foot}"), WIDTH, wanted);
    let room = usize::from(inside.height);
    let from = view.top.min(lines.lines.len().saturating_sub(room));
    for ((line, style), y) in lines.lines.iter().skip(from).take(room).zip(inside.y..) {
        canvas.put(inside.x, y, inside.width, line, *style);
    }
}

fn facts(model: &Model, view: &NetView, lines: &mut Lines) {
    let styles = model.theme.styles;
    let Some(net) = &view.net else { return lines.say(0, "Reading.", styles.dim) };
    lines.say(0, "Am I on?", styles.strong);
    lines.say(2, report::on(net), styles.text);
    let peers = &net.peers;
    let reached = format!("{} direct, {} by relay, {} on this LAN", peers.direct, peers.relayed, peers.lan);
    lines.say(2, &reached, styles.text);
    lines.gap();
    lines.say(0, "Can people reach me?", styles.strong);
    lines.say(2, report::reached(net), styles.text);
    lines.gap();
    lines.say(0, "What of mine is still on the way?", styles.strong);
    waiting(model, net, styles.text, lines);
    lines.gap();
    mailboxes(model, lines);
    details(net, styles.dim, lines);
    let place = if model.opened.as_ref().is_some_and(|opened| opened.in_process) {
        "The node runs in this window: it ends when you leave."
    } else {
        "The node runs apart from this window: it goes on when you leave."
    };
    lines.say(0, place, styles.dim);
    if !net.serving.is_empty() {
        let carried = count(u64::from(net.carried), "connection", "connections");
        let words = format!("It is {} for everybody; {carried} carried now.", net.serving.join(" and "));
        lines.say(0, &words, styles.dim);
    }
}

/// Who keeps one's mail while one is away.
fn mailboxes(model: &Model, lines: &mut Lines) {
    let styles = model.theme.styles;
    let Some(all) = &model.mailboxes else { return };
    lines.say(0, "Who keeps my mail while I am away?", styles.strong);
    if !all.iter().any(|one| one.role == "mine") {
        lines.say(2, words::mail::NO_MAILBOX, styles.text);
    }
    for one in all.iter().filter(|one| one.role != "grant") {
        let style = if matches!(one.state.as_str(), "ok" | "open") { styles.text } else { styles.warn };
        lines.say(2, &words::mail::mailbox(model, one), style);
    }
    lines.gap();
}

/// What the answers rest on.
fn details(net: &Net, dim: Style, lines: &mut Lines) {
    for relay in net.relays.iter().take(ADDRESSES) {
        let place = if relay.reserved { "keeps a place for you" } else { "gave no place" };
        lines.say(0, &format!("Relay {} {place}", relay.addr), dim);
    }
    for how in ["confirmed", "mapped", "listen"] {
        for one in net.addresses.iter().filter(|one| one.how == how).take(ADDRESSES) {
            lines.say(0, &address(one), dim);
        }
    }
    if net.addresses.is_empty() && net.listen.is_empty() {
        lines.say(0, "This node listens nowhere.", dim);
    }
    let moved = match (net.punched, net.punch_failed) {
        (0, 0) => String::new(),
        (punched, failed) => format!("; {punched} of {} by relay became direct", punched + failed),
    };
    lines.say(0, &format!("Router: {}{moved}", report::router(net)), dim);
    let dht = &net.dht;
    let out = match dht.publishes {
        0 => String::new(),
        all => format!("; {} of {all} notes of yours are out", dht.published),
    };
    let known = match dht.known {
        0 => "No other computer helps yet".to_owned(),
        known => count(u64::from(known), "other computer helps", "other computers help"),
    };
    lines.say(0, &format!("{known} to find people{out}"), dim);
}

fn address(one: &Address) -> String {
    let how = match one.how.as_str() {
        "confirmed" => "tried from outside",
        "mapped" => "by the router",
        _ => "listening",
    };
    format!("{} ({how})", one.addr)
}

fn waiting(model: &Model, net: &Net, text: Style, lines: &mut Lines) {
    if net.waiting == 0 {
        return lines.say(2, "Nothing.", text);
    }
    let left = model.network_next_ms.and_then(|at| at.checked_sub(model.now_ms)).filter(|left| *left > 0);
    let next = left.map(|left| format!("; next try in {}", time::until(left))).unwrap_or_default();
    lines.say(2, &format!("{}{next}", count(net.waiting, "message", "messages")), text);
    for contact in model.people.iter().filter(|contact| contact.waiting > 0).take(NAMED) {
        let kept = match contact.in_mailboxes {
            0 => String::new(),
            kept => format!(" ({kept} in mailboxes)"),
        };
        let presence = words::presence(model, contact);
        let line = format!("{} for {}{kept}: {presence}", contact.waiting, contact.name);
        lines.say(2, &line, text);
    }
}

fn results(model: &Model, found: &[Test], lines: &mut Lines) {
    let styles = model.theme.styles;
    if found.is_empty() {
        return lines.say(0, "The test found nothing out.", styles.text);
    }
    for one in found {
        let style = if one.ok == Some(false) { styles.warn } else { styles.text };
        lines.head(&format!("{:<3} {:<8}", report::mark(one), clean::line(&one.what)), &one.text, style);
        if !one.advice.is_empty() {
            lines.say(INDENT, &one.advice, styles.dim);
        }
    }
}

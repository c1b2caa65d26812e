//! F5: am I on, can people reach me and how, who keeps my mail, what of mine is still on the way, what went over the
//! network in the last minute; what a test finds; and who is reached how, as a tree.

use super::canvas::Canvas;
use crate::screen::model::flow::{self, Flow, Second};
use crate::screen::model::overlay::{NetView, Trial};
use crate::screen::model::words::{report, ways};
use crate::screen::model::{Model, words};
use crate::screen::text::{self, clean, count, time, wrap};
use ratatui::style::Style;
use starling_node::api::types::{Net, Test};

/// Columns of the box's inside.
const WIDTH: u16 = 84;
/// Columns of the inside from which the ways are a table; below each takes two lines.
const TABLE: usize = 62;
/// Columns of a way's name in the table, of its state, and of how long that is so.
const COLUMNS: (usize, usize, usize) = (30, 8, 7);
/// Columns of the words before a row of marks, and of the figures beside it if there is room for both.
const LABEL: usize = 10;
const FIGURES: usize = 34;
/// People with waiting messages that are named.
const NAMED: usize = 6;
/// Marks from nothing to most.
const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PLAIN_LEVELS: [char; 6] = [' ', '.', ':', '+', '*', '#'];

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

    /// One row, cut at the edge.
    fn row(&mut self, indent: usize, words: &str, ellipsis: &str, style: Style) {
        let cut = text::cut(words, self.width.saturating_sub(indent), ellipsis);
        self.lines.push((format!("{:indent$}{cut}", ""), style));
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
    let title = match (&view.trial, &view.net) {
        (Trial::None, Some(net)) if view.map => {
            let style = model.theme.styles.text;
            ways::map(model, net).iter().for_each(|line| lines.say(0, line, style));
            "Network map"
        }
        (Trial::None, _) => {
            facts(model, view, &mut lines);
            "Network"
        }
        (Trial::Running, _) => {
            let style = model.theme.styles.text;
            lines.say(0, "Trying everything there is. This takes up to half a minute.", style);
            "Network test"
        }
        (Trial::Done(found), _) => {
            results(model, found, &mut lines);
            "Network test"
        }
    };
    if let Some(copied) = view.copied {
        lines.gap();
        let styles = model.theme.styles;
        let (what, style) = if copied.worked() {
            (" It is a report without names, addresses or keys.", styles.good)
        } else {
            ("", styles.warn)
        };
        lines.say(0, &format!("{}{what}", copied.words()), style);
    }
    let most = usize::from(screen.height.saturating_sub(2));
    let more = if lines.lines.len() > most { "Down more   " } else { "" };
    let wanted = u16::try_from(lines.lines.len().min(most)).unwrap_or(u16::MAX);
    let inside = canvas.boxed(title, &format!("{more}{}", foot(view, width)), WIDTH, wanted);
    let room = usize::from(inside.height);
    let from = view.top.min(lines.lines.len().saturating_sub(room));
    for ((line, style), y) in lines.lines.iter().skip(from).take(room).zip(inside.y..) {
        canvas.put(inside.x, y, inside.width, line, *style);
    }
}

/// The keys, as many words as fit.
fn foot(view: &NetView, width: usize) -> &'static str {
    match (&view.trial, view.map) {
        (Trial::Running, _) => "Esc",
        (Trial::Done(_), _) if width >= 60 => "t again   c copy a report   r back   Esc",
        (Trial::Done(_), _) => "t again  c copy  r back  Esc",
        (Trial::None, true) => "m back   Esc",
        (Trial::None, false) if width >= 72 => {
            "t test   m map   l log   c copy a report   w try all now   Esc"
        }
        (Trial::None, false) if width >= 56 => "t test   m map   l log   c copy   w try now   Esc",
        (Trial::None, false) => "t test m map l log c copy Esc",
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
    way_table(model, net, lines);
    lines.say(2, &format!("Router: {}.{}", report::router(net), moved(net)), styles.dim);
    lines.gap();
    mailboxes(model, lines);
    lines.say(0, "What of mine is still on the way?", styles.strong);
    waiting(model, net, styles.text, lines);
    lines.gap();
    flow_rows(model, net, &view.flow, lines);
    lines.gap();
    details(model, net, styles.dim, lines);
}

/// One way a row: what, state, since, note.
fn way_table(model: &Model, net: &Net, lines: &mut Lines) {
    let styles = model.theme.styles;
    let rows = ways::ways(net);
    if rows.is_empty() {
        return lines.say(2, "This node listens nowhere, so nobody can begin a connection.", styles.dim);
    }
    let (what, state, since) = COLUMNS;
    let ellipsis = model.theme.marks.ellipsis;
    if lines.width >= TABLE {
        let head = format!("{:<what$}{:<state$}{:<since$}note", "Ways to reach you", "state", "since");
        lines.say(2, &head, styles.dim);
    }
    for row in rows {
        let style = if matches!(row.state, "open" | "mapped" | "ready") { styles.text } else { styles.dim };
        if lines.width >= TABLE {
            let name = text::pad(&clean::line(&row.what), what - 1, ellipsis);
            let line = format!("{name} {:<state$}{:<since$}{}", row.state, row.since, row.note);
            lines.row(2, &line, ellipsis, style);
        } else {
            lines.row(2, &clean::line(&row.what), ellipsis, style);
            lines.row(4, &format!("{} {}: {}", row.state, row.since, row.note), ellipsis, styles.dim);
        }
    }
}

fn moved(net: &Net) -> String {
    match (net.punched, net.punch_failed) {
        (0, 0) => String::new(),
        (punched, failed) => format!(" {punched} of {} by relay became direct.", punched + failed),
    }
}

/// What went over the network in the last minute, and since the start.
fn flow_rows(model: &Model, net: &Net, flow: &Flow, lines: &mut Lines) {
    let down: Vec<u64> = flow.seconds().map(|second| second.down).collect();
    let up: Vec<u64> = flow.seconds().map(|second| second.up).collect();
    let Second { down: down_now, up: up_now } = flow.now();
    for (word, values, now, all) in
        [("down 60 s", down, down_now, net.down_bytes), ("up   60 s", up, up_now, net.up_bytes)]
    {
        let figures =
            format!("now {}/s   {} in {}", text::bytes(now), text::bytes(all), ways::lasting(net.uptime_s));
        let levels: &[char] = if model.theme.marks.blocks { &LEVELS } else { &PLAIN_LEVELS };
        let beside = lines.width >= LABEL + FIGURES + flow::SECONDS / 2;
        let room = lines.width.saturating_sub(LABEL + if beside { FIGURES } else { 0 });
        let row = flow::spark(&values, room, levels);
        let style = model.theme.styles.text;
        if beside {
            lines.lines.push((format!("{word:<LABEL$}{row:<room$}  {figures}"), style));
        } else {
            lines.lines.push((format!("{word:<LABEL$}{row}"), style));
            lines.lines.push((format!("{:LABEL$}{figures}", ""), model.theme.styles.dim));
        }
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
fn details(model: &Model, net: &Net, dim: Style, lines: &mut Lines) {
    let dht = &net.dht;
    let out = match dht.publishes {
        0 => String::new(),
        all => format!("; {} of {all} notes of yours are out", dht.published),
    };
    let known = match dht.known {
        0 => "No other computer helps yet".to_owned(),
        known => count(u64::from(known), "other computer helps", "other computers help"),
    };
    lines.say(0, &format!("{known} to find people{out}."), dim);
    let place = if model.opened.as_ref().is_some_and(|opened| opened.in_process) {
        "The node runs in this window: it ends when you leave."
    } else {
        "The node runs apart from this window: it goes on when you leave."
    };
    lines.say(0, place, dim);
    if !net.serving.is_empty() {
        let carried = count(u64::from(net.carried), "connection", "connections");
        let words = format!("It is {} for everybody; {carried} carried now.", net.serving.join(" and "));
        lines.say(0, &words, dim);
    }
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

//! Cards with facts: a person, who has a message, the network.

use super::canvas::{Canvas, Rows};
use crate::screen::model::overlay::PersonCard;
use crate::screen::model::{Model, words};
use crate::screen::text::{self, clean, count, pad, time};
use starling_node::api::types::{Message, Status};

/// A short piece of an account id, in groups, to tell people of one name apart.
pub fn key_mark(account: &str) -> String {
    let bare: String = clean::line(account.rsplit(':').next().unwrap_or("")).chars().take(16).collect();
    let letters: Vec<char> = bare.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// The card of a person.
pub fn person(model: &Model, card: &PersonCard, canvas: &mut Canvas<'_>) {
    let contact = model.person(&card.account);
    let blocked = contact.is_some_and(|contact| contact.state == "blocked");
    let foot = if blocked {
        "y same   n not   b unblock   c copy   Esc"
    } else {
        "y same   n not   b block   c copy   Esc"
    };
    let inside = canvas.boxed(&model.name_of(&card.account), foot, 62, 15);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    if let Some(contact) = contact {
        let mark = rows.theme().person(&contact.presence, &contact.via);
        rows.line(&format!("{mark} {}", words::presence(model, contact)), styles.text);
        if contact.waiting > 0 {
            rows.line(
                &format!("{} for them", count(contact.waiting, "message waits", "messages wait")),
                styles.text,
            );
        }
        if contact.key_changed {
            rows.text(
                "! The key changed: a new start on their side, or somebody else. Compare the number below.",
                styles.warn,
            );
        }
    }
    rows.line(&format!("key {}", key_mark(&card.account)), styles.dim);
    rows.gap();
    let Some(safety) = &card.safety else { return rows.line("Reading the safety number.", styles.dim) };
    let state =
        if safety.verified { "Safety number: compared, the same" } else { "Safety number: not compared yet" };
    rows.line(state, if safety.verified { styles.good } else { styles.strong });
    rows.gap();
    let groups: Vec<&str> = safety.number.split_whitespace().collect();
    let in_row = if rows.width() >= 36 { 6 } else { 3 };
    for part in groups.chunks(in_row) {
        rows.line(&format!("  {}", part.join(" ")), styles.strong);
    }
    rows.gap();
    rows.text(
        "Read it to each other on the phone or side by side. y: it is the same. n: it is not (then somebody may be in \
         between: do not trust this chat).",
        styles.text,
    );
}

/// Who has a message.
pub fn who_has(model: &Model, id: &str, read: Option<&Message>, canvas: &mut Canvas<'_>) {
    let known = model.log().and_then(|log| log.get(id)).map(|item| &item.message);
    let recipients = read.map_or(0, |message| message.recipients.len());
    let wanted = u16::try_from(recipients).unwrap_or(8).min(12) + 8;
    let inside = canvas.boxed("Delivery of this message", "Esc", 68, wanted);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let Some(message) = read.or(known) else { return rows.line("It is not here.", styles.dim) };
    let ellipsis = rows.theme().marks.ellipsis;
    let first = clean::line(message.text.lines().next().unwrap_or(""));
    let first = text::cut(&first, usize::from(rows.width()).saturating_sub(2), ellipsis);
    rows.line(&if message.deleted { "(deleted)".to_owned() } else { format!("\"{first}\"") }, styles.text);
    let at = |text: &str| {
        time::local(text, &model.zone).map(|at| time::moment(&at, &model.now())).unwrap_or_default()
    };
    let bytes = count(u64::try_from(message.text.len()).unwrap_or(0), "byte", "bytes");
    rows.line(&format!("Written {}   {bytes}   end-to-end encrypted", at(&message.at)), styles.dim);
    rows.gap();
    if !message.from.me {
        let name = clean::line(&message.from.name);
        rows.line(
            &format!("From {name}, came {}, {}", at(&message.received), words::road(&message.via)),
            styles.text,
        );
        if message.at != message.received {
            rows.line(&format!("Their clock said {}", at(&message.at)), styles.dim);
        }
    } else if model.chat_row(&message.chat).is_some_and(|chat| chat.kind == "me") {
        rows.line("A note to yourself, kept on this device.", styles.text);
    } else if read.is_none() {
        rows.line("Reading.", styles.dim);
    }
    for one in message.recipients.iter().filter(|_| message.from.me) {
        let name = pad(&clean::line(&one.name), 20, ellipsis);
        let mark = pad(rows.theme().state(&one.state), 3, "");
        rows.line(&format!("{name} {mark}{} {}", words::state(&one.state), at(&one.at)), styles.text);
    }
    rows.gap();
    if message.from.me {
        let chat = model.chat_row(&message.chat);
        rows.text(&words::delivery(model, message, chat), styles.dim);
    }
}

/// The state of the node.
pub fn network(model: &Model, status: Option<&Status>, canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("Network", "w try all now   r read again   Esc", 68, 16);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let state = model.network.as_ref().map_or("starting", |network| network.state.as_str());
    let words = match state {
        "direct" => "You are online: people are connected directly.",
        "relayed" => "You are online, by relay only.",
        "lan" => "People on this network are connected; nobody beyond it.",
        "offline" => "Nobody is connected now. Starling keeps trying.",
        _ => "Starting: looking for people.",
    };
    rows.text(words, styles.strong);
    rows.gap();
    let Some(status) = status else { return rows.line("Reading.", styles.dim) };
    let peers = &status.peers;
    rows.line(
        &format!(
            "People connected   {} direct, {} on this LAN, {} by relay",
            peers.direct, peers.lan, peers.relayed
        ),
        styles.text,
    );
    let waiting = status.outbox.queued + status.outbox.mailbox;
    rows.line(&format!("Still on the way   {}", count(waiting, "message", "messages")), styles.text);
    for (nth, address) in status.listen.iter().take(6).enumerate() {
        let label = if nth == 0 { "Listening on       " } else { "                   " };
        rows.line(&format!("{label}{}", clean::line(address)), styles.text);
    }
    if status.listen.is_empty() {
        rows.line("Listening on       nothing", styles.warn);
    }
    rows.line(
        &format!(
            "Stored             {}, {}",
            count(status.store.messages, "message", "messages"),
            bytes(status.store.bytes)
        ),
        styles.text,
    );
    let place = if model.opened.as_ref().is_some_and(|opened| opened.in_process) {
        "in this window: it ends when you leave"
    } else {
        "apart from this window: it goes on when you leave"
    };
    rows.line(&format!("The node runs      {place}"), styles.text);
    rows.line(
        &format!("Version            {}, process {}", clean::line(&status.version), status.pid),
        styles.dim,
    );
    if let Some(trouble) = &status.trouble {
        rows.gap();
        rows.text(&format!("! {trouble}"), styles.warn);
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..=9_999 => count(bytes, "byte", "bytes"),
        10_000..=9_999_999 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

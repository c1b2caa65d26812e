//! Cards with facts: a person, who has a message.

use super::canvas::{Canvas, Rows};
use crate::screen::model::overlay::PersonCard;
use crate::screen::model::timeline::first_line;
use crate::screen::model::{Model, words};
use crate::screen::text::{self, clean, count, pad, time};
use starling_node::api::types::{KeptAt, Message, Recipient};

/// Recipients listed one by one; of more only how many.
const LISTED: usize = 20;

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
    let gap = if canvas.area().width < 60 { " " } else { "   " };
    let hide = if contact.is_some_and(|contact| contact.hidden) { "h show" } else { "h hide" };
    let block = if blocked { "b unblock" } else { "b block" };
    let here = contact.is_some_and(|contact| contact.state == "accepted" && contact.via != "none");
    let words = if here { "v words" } else { "" };
    let copy = if gap == " " && here { "" } else { "c copy" };
    let foot = ["y same", "n not", words, block, hide, copy, "Esc"];
    let foot = foot.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(gap);
    let inside = canvas.boxed(&model.name_of(&card.account), &foot, 62, 18);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    if let Some(contact) = contact {
        let mark = rows.theme().person(&contact.presence, &contact.via);
        rows.line(&format!("{mark} {}", words::presence(model, contact)), styles.text);
        if let Some(words) = words::looked_up(model, contact) {
            rows.line(&words, styles.dim);
        }
        if contact.hidden {
            rows.line("They do not see how you are.", styles.text);
        }
        if contact.waiting > 0 {
            let waiting = words::mail::waiting_for(contact.waiting, contact.in_mailboxes);
            rows.line(&format!("{waiting} for them"), styles.text);
        }
        if contact.state == "accepted" {
            rows.line(&words::mail::used_by(contact), styles.dim);
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
pub fn who_has(
    model: &Model,
    id: &str,
    (read, kept): (Option<&Message>, &[KeptAt]),
    canvas: &mut Canvas<'_>,
) {
    let known = model.log().and_then(|log| log.get(id)).map(|item| &item.message);
    let recipients = read.map_or(0, |message| message.recipients.len());
    let recipients = if recipients > LISTED { 5 } else { recipients };
    let wanted = u16::try_from(recipients.saturating_add(kept.len())).unwrap_or(8).min(20) + 8;
    let open = known.or(read).is_some_and(|message| model.is_open(&message.chat));
    let wanted = if open { 10 } else { wanted };
    let inside = canvas.boxed("Delivery of this message", "Esc", 68, wanted);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, inside);
    let Some(message) = read.or(known) else { return rows.line("It is not here.", styles.dim) };
    let ellipsis = rows.theme().marks.ellipsis;
    let first = first_line(message);
    let first = text::cut(&first, usize::from(rows.width()).saturating_sub(2), ellipsis);
    rows.line(&if message.deleted { "(deleted)".to_owned() } else { format!("\"{first}\"") }, styles.text);
    let at = |text: &str| {
        time::local(text, &model.zone).map(|at| time::moment(&at, &model.now())).unwrap_or_default()
    };
    let bytes = count(u64::try_from(message.text.len()).unwrap_or(0), "byte", "bytes");
    let again = if message.attempt > 1 { format!("   try {}", message.attempt) } else { String::new() };
    let privacy = if open { "open, not private" } else { "end-to-end encrypted" };
    rows.line(&format!("Written {}   {bytes}   {privacy}{again}", at(&message.at)), styles.dim);
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
    if open && !message.from.me {
        rows.gap();
        words::open::signed(model, message).iter().for_each(|line| rows.text(line, styles.text));
    }
    let many = message.recipients.len() > LISTED || message.recipients.is_empty();
    if let Some(counts) = words::rooms::counts(message).filter(|_| message.from.me && many) {
        for (state, line) in words::rooms::counted(&counts) {
            rows.line(&format!("{}{line}", pad(rows.theme().state(state), 3, "")), styles.text);
        }
    } else if !open {
        for one in message.recipients.iter().filter(|_| message.from.me) {
            recipient(model, one, kept, &mut rows);
        }
    }
    rows.gap();
    if message.from.me {
        let chat = model.chat_row(&message.chat);
        let why = if message.state == "queued" { words::mail::why_waiting(model, chat) } else { None };
        let words = match message.state.as_str() {
            "mailbox" => "Mailboxes hold sealed messages. They cannot read them.".to_owned(),
            _ => why.unwrap_or_else(|| words::delivery(model, message, chat)),
        };
        rows.text(&words, styles.dim);
    }
}

/// How far a message is for one recipient, and which mailboxes keep it for them.
fn recipient(model: &Model, one: &Recipient, kept: &[KeptAt], rows: &mut Rows<'_, '_>) {
    let styles = rows.theme().styles;
    let narrow = rows.width() < 60;
    let name = pad(&clean::line(&one.name), if narrow { 12 } else { 20 }, rows.theme().marks.ellipsis);
    let mark = pad(rows.theme().state(&one.state), 3, "");
    let (what, when) = words::mail::recipient(model, one);
    let gap = if one.state == "mailbox" { "   " } else { " " };
    let line = format!("{name} {mark}{what}{gap}{when}");
    if text::columns(line.trim_end()) <= usize::from(rows.width()) {
        rows.line(line.trim_end(), styles.text);
    } else {
        rows.line(&format!("{name} {mark}{what}"), styles.text);
        rows.line(&format!("{:16}{when}", ""), styles.text);
    }
    let indent = if narrow { 16 } else { 24 };
    for place in kept.iter().filter(|place| place.account == one.account && one.state == "mailbox") {
        rows.line(&format!("{:indent$}{}", "", words::mail::kept_at(model, place)), styles.dim);
    }
}

//! From the editor to the node: sending, answering, editing, the sign that one writes. Text leaves the editor for the
//! chat marked "writing to disk" and comes back if the node refuses it.

use super::{Out, chats, commands, complain, rooms, talk, trouble};
use crate::screen::model::chatlog::Pending;
use crate::screen::model::{Compose, DRAFT_MS, Model, TYPING_EVERY_MS};
use crate::screen::msg::Effect;
use starling_node::api::types::{From, Message, Sent, Trouble, V};

/// Whether a text is nothing but an invite link.
pub fn is_link(text: &str) -> bool {
    let text = text.trim();
    let prefix = text.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("starling:"));
    prefix && text.len() > 40 && !text.contains(char::is_whitespace)
}

/// Enter with something in the editor.
pub fn submit(model: &mut Model, out: &mut Out) {
    // What was pasted often ends with a line's end; nobody means the empty line.
    let text = model.editor.text().trim_end().to_owned();
    if text.is_empty() {
        return;
    }
    if let Compose::Edit { id, before } = model.compose.clone() {
        model.compose = Compose::New;
        model.editor.set(&before);
        out.push(Effect::Edit { id, text });
        return;
    }
    if is_link(&text) && model.declined.as_deref() != Some(text.trim()) {
        model.editor.clear();
        model.overlay = Some(rooms::ask(text.trim().to_owned()));
        return;
    }
    if let Some(rest) = text.strip_prefix("//") {
        return self::text(model, format!("/{rest}"), out);
    }
    if text.starts_with('/') {
        if text.trim().contains('\n') {
            complain(
                model,
                "A command is one line",
                "Nothing was sent or run; the text is still in the editor.",
                "Put a second / in front to send it as it is.",
            );
            return;
        }
        return commands::run(model, text.trim(), out);
    }
    self::text(model, text, out);
}

/// Sends a text to the open chat, whatever it begins with; the editor is empty then.
pub fn text(model: &mut Model, text: String, out: &mut Out) {
    let Some(chat) = model.open.clone() else {
        complain(model, "No chat is open", "Your text is still in the editor.", "Ctrl-K goes to a chat.");
        return;
    };
    let reply_to = match std::mem::take(&mut model.compose) {
        Compose::Reply { id } => Some(id),
        _ => None,
    };
    model.editor.clear();
    model.completion = None;
    model.sent.push(&text);
    model.declined = None;
    stop_typing(model, out);
    to(model, &chat, text, reply_to, out);
    talk::newest(model, out);
    if let Some(log) = model.log_mut() {
        log.chosen = None;
        log.new_line = None;
    }
    // The text is in the pending line and on its way; the kept draft goes only when the message is on the disk.
    model.draft_at = None;
}

/// Sends a text to a chat, which need not be the open one.
pub fn to(model: &mut Model, chat: &str, text: String, reply_to: Option<String>, out: &mut Out) {
    let reference = reference(model, chat, &text, reply_to.as_ref());
    let pending = Pending { reference: reference.clone(), text: text.clone(), reply_to: reply_to.clone() };
    chats::log(model, chat).pending.push(pending);
    out.push(Effect::Send { chat: chat.to_owned(), text, reply_to, reference });
}

/// A reference of our own for a text; that of the last try if this is one that came back and was not touched since. The node
/// may have taken it before it went away: by the reference it knows it again, and nobody gets it twice.
fn reference(model: &mut Model, chat: &str, text: &str, reply_to: Option<&String>) -> String {
    if let Some((where_to, last)) = model.refused.take()
        && where_to == chat
        && last.text == text
        && last.reply_to.as_ref() == reply_to
    {
        return last.reference;
    }
    model.references += 1;
    format!("screen-{:016x}-{}", model.run, model.references)
}

/// The node's answer to a send.
pub fn on_sent(model: &mut Model, chat: &str, reference: &str, result: Result<Sent, Trouble>, out: &mut Out) {
    let account = model.opened.as_ref().map(|opened| opened.account.clone());
    let log = chats::log(model, chat);
    let Some(at) = log.pending.iter().position(|pending| pending.reference == reference) else { return };
    let pending = log.pending.remove(at);
    match result {
        Ok(sent) => {
            if let Some(account) = account
                && log.get(&sent.id).is_none()
                && log.loaded
            {
                let from = From { account: account.account, name: account.name, verified: true, me: true };
                let message = own_message(sent, pending, from);
                log.upsert(message.clone());
                chats::touch(model, &message, true);
                rooms::count_new(model, &message, out);
            }
            if model.open.as_deref() == Some(chat) {
                chats::keep_draft(model, out);
            }
        }
        Err(refused) => restore(model, chat, pending, refused, out),
    }
}

/// A refused text comes back: into the editor, or into the draft of its chat.
fn restore(model: &mut Model, chat: &str, pending: Pending, mut refused: Trouble, out: &mut Out) {
    let here = model.open.as_deref() == Some(chat);
    if refused.means.starts_with("Nothing was sent") {
        let place = if here { "in the editor" } else { "in the draft of that chat" };
        refused.means = format!("Nothing was sent; your text is still {place}.");
    }
    let above = |typed: &str| {
        if typed.is_empty() { pending.text.clone() } else { format!("{}\n{typed}", pending.text) }
    };
    if here && let Compose::Edit { before, .. } = &mut model.compose {
        // It is there again when the change is done.
        *before = above(before);
    } else if here {
        let text = above(&model.editor.text());
        model.editor.set(&text);
        if let Some(id) = pending.reply_to.clone() {
            model.compose = Compose::Reply { id };
        }
        model.refused = Some((chat.to_owned(), pending));
        model.draft_at = Some(model.now_ms + DRAFT_MS);
    } else if let Some(row) = model.chats.iter_mut().find(|row| row.chat == chat) {
        let text = above(row.draft.as_deref().unwrap_or(""));
        row.draft = Some(text.clone());
        out.push(Effect::Draft { chat: chat.to_owned(), text });
    }
    trouble(model, refused);
}

fn own_message(sent: Sent, pending: Pending, from: From) -> Message {
    Message {
        v: V,
        cursor: String::new(),
        id: sent.id,
        chat: sent.chat,
        chat_name: sent.to,
        from,
        at: sent.at.clone(),
        received: sent.at.clone(),
        order: String::new(),
        text: pending.text,
        reply_to: pending.reply_to,
        edited: false,
        deleted: false,
        reactions: std::collections::BTreeMap::new(),
        files: Vec::new(),
        via: "local".to_owned(),
        state: sent.state,
        reason: None,
        state_at: sent.at,
        unread: false,
        kind: "text".to_owned(),
        recipients: Vec::new(),
        counts: None,
        kept: None,
        pinned: false,
        attempt: 1,
    }
}

/// The editor changed: keep the draft later, tell the other side that one writes.
pub fn edited(model: &mut Model, out: &mut Out) {
    model.refused = None;
    model.draft_at = Some(model.now_ms + DRAFT_MS);
    let text = model.editor.text();
    let writes = !text.trim().is_empty() && !text.starts_with('/') && model.compose_is_for_other();
    if !writes {
        return stop_typing(model, out);
    }
    let due = model.typing_sent.is_none_or(|sent| model.now_ms >= sent + TYPING_EVERY_MS);
    if due && let Some(chat) = model.open.clone() {
        model.typing_sent = Some(model.now_ms);
        out.push(Effect::Typing { chat, on: true });
    }
}

/// One does not write any more.
pub fn stop_typing(model: &mut Model, out: &mut Out) {
    if model.typing_sent.take().is_some()
        && let Some(chat) = model.open.clone()
    {
        out.push(Effect::Typing { chat, on: false });
    }
}

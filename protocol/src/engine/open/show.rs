//! What messages of open channels do here (docs/spec/10-open-channels.md, "Messages"): each at once, at its place.

use super::super::Engine;
use super::super::step::{Change, MessageKind, MessageState, NewMessage, Place};
use super::keep::Kept;
use crate::content::{Body, Content};
use crate::ids::{AccountId, ChatId, RoomId};
use crate::room;
use crate::text;
use crate::time::clamp_wall;

impl Engine {
    /// Does what a message says, unless nothing of its author is to be shown.
    pub(super) fn show_open(
        &mut self,
        room: RoomId,
        kept: &Kept,
        author: AccountId,
        content: &Content,
        via: &'static str,
    ) {
        let Ok(body) = Body::decode(content.kind, &content.body) else { return };
        if matches!(body, Body::Moderate(_)) {
            return self.moderation_changed(room);
        }
        let Some(channel) = self.open.channels.get(&room) else { return };
        let (written_ms, is_text) = (kept.record.written_ms, matches!(body, Body::Text(_)));
        let me = author == self.own.account;
        let shown = me
            || (!self.is_muted(channel, &author)
                && channel.lets_show(&author, content.msg_id, written_ms, is_text));
        if !shown {
            return;
        }
        let (chat, at) = (ChatId::from(room), self.now.wall_ms);
        match body {
            Body::Text(body) => {
                if let Some(channel) = self.open.channels.get_mut(&room) {
                    channel.moderated.note_text(author, written_ms);
                }
                let text = text::clean_text(&body.text);
                self.show_line(room, kept, author, content, via, (MessageKind::Text, text, body.reply_to));
            }
            Body::Edit(edit) => {
                let text = text::clean_text(&edit.text);
                self.change(Change::Edit { chat, author, message: edit.id, text, at });
            }
            Body::Delete(message) => self.change(Change::Delete { chat, author, message, at }),
            Body::Reaction(reaction) if reaction.emoji.is_empty() || text::is_one_emoji(&reaction.emoji) => {
                let (who, target, emoji) = (author, reaction.target, reaction.emoji);
                self.change(Change::React {
                    chat,
                    who,
                    author: target.author,
                    message: target.id,
                    emoji,
                    at,
                });
            }
            Body::Unknown { ignorable: false, kind } => {
                let text =
                    format!("This was sent by a newer Starling and cannot be shown here (kind {kind}).");
                self.show_line(room, kept, author, content, via, (MessageKind::Unknown, text, None));
            }
            // Everything else is between two people, or for rooms with members.
            _ => {}
        }
    }

    fn show_line(
        &mut self,
        room: RoomId,
        kept: &Kept,
        author: AccountId,
        content: &Content,
        via: &'static str,
        (kind, text, reply_to): (MessageKind, String, Option<crate::ids::MessageId>),
    ) {
        let (depth, mark) = room::place(kept.head.depth, &kept.id());
        self.change(Change::Message(NewMessage {
            id: content.msg_id,
            chat: ChatId::from(room),
            author,
            device: kept.head.device,
            seq: kept.head.seq,
            me: author == self.own.account,
            kind,
            text,
            reply_to,
            sent_at: clamp_wall(content.sent_at),
            received_at: self.now.wall_ms,
            via,
            state: MessageState::Delivered,
            place: Place::At { depth, mark },
        }));
    }
}

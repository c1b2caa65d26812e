//! A person's wishes, each to the place that does it.

use super::Engine;
use super::command::{Command, Presence, Refusal, Reply, StatusView};
use super::step::Change;
use crate::content::{Body, Target, Text};
use crate::ids::ChatId;

impl Engine {
    pub(super) fn command(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::InviteNew { uses, valid_ms, private, auto_accept } => {
                self.invite_new(uses, valid_ms, private, auto_accept)
            }
            Command::InviteList => Ok(self.invite_list()),
            Command::InviteRevoke { invite } => self.invite_revoke(invite),
            Command::Add { link, name, note } => self.add(&link, name.as_deref(), &note),
            Command::Requests => Ok(self.request_list()),
            Command::RequestAccept { account } => self.request_accept(account),
            Command::RequestDrop { account } => self.request_drop(account),
            Command::People => Ok(self.people()),
            Command::Rename { account, name } => self.rename(account, &name),
            Command::Block { account } => self.block(account),
            Command::Unblock { account } => self.unblock(account),
            Command::Remove { account } => self.remove(account),
            Command::Verify { account, matches } => self.verify(account, matches),
            Command::SafetyNumber { account } => self.safety(account),
            Command::Compare { account } => self.compare(account),
            Command::Near { on } => self.near(on),
            Command::Send { chat, text, reply_to, client_ref, require_verified } => {
                self.send_text(chat, &text, reply_to, client_ref.as_deref(), require_verified)
            }
            Command::Edit { chat, message, text } => self.edit(chat, message, &text),
            Command::Delete { chat, message } => self.delete(chat, message),
            Command::React { chat, message, author, emoji } => self.react(chat, message, author, &emoji),
            Command::Pin { chat, message, author, on, ours } => {
                self.pin(chat, Target { author, id: message }, on, ours)
            }
            Command::Hide { chat, message, author } => {
                self.change(Change::Hide { chat, author, message });
                Ok(Reply::Done)
            }
            Command::Again { chat, message, text, reply_to, seq, lack } => {
                let body = Body::Text(Text { text, reply_to, ext: Vec::new() });
                self.again(chat, message, &body, seq, &lack)
            }
            Command::MarkRead { chat, messages } => self.mark_read(chat, messages),
            Command::Typing { chat, on } => {
                self.tell_typing(chat, on);
                Ok(Reply::Done)
            }
            Command::SetPresence { presence } => {
                if matches!(presence, Presence::Offline | Presence::Hidden) {
                    let range = "online, away, busy or invisible";
                    return Err(Refusal::OutOfRange { what: "presence", range });
                }
                self.set_presence(presence);
                Ok(Reply::Done)
            }
            Command::SetVisibility { account, visible } => self.set_visibility(account, visible),
            Command::SetReadReceipts { on } => {
                self.own_dirty |= self.own.read_receipts != on;
                self.own.read_receipts = on;
                Ok(Reply::Done)
            }
            Command::SetName { name } => self.set_name(&name),
            Command::MailboxUse { .. }
            | Command::MailboxList
            | Command::MailboxDrop { .. }
            | Command::MailboxGrant { .. }
            | Command::MailboxAsk { .. }
            | Command::MailboxAnswer { .. }
            | Command::Custody { .. } => self.mail_command(command),
            Command::RoomNew { .. }
            | Command::RoomList
            | Command::RoomMembers { .. }
            | Command::RoomInvite { .. }
            | Command::RoomLink { .. }
            | Command::RoomAnswer { .. }
            | Command::RoomJoin { .. }
            | Command::RoomLeave { .. }
            | Command::RoomRemove { .. }
            | Command::RoomRole { .. }
            | Command::RoomSet { .. } => self.room_command(command),
            Command::RoomNewOpen { .. }
            | Command::RoomJoinOpen { .. }
            | Command::RoomFollow { .. }
            | Command::RoomMute { .. }
            | Command::RoomModerate { .. } => self.open_command(command),
            Command::Status => Ok(Reply::Status(self.status())),
            Command::Wake => {
                self.seek_all();
                Ok(Reply::Done)
            }
        }
    }

    fn tell_typing(&mut self, chat: ChatId, on: bool) {
        let hidden = self.contacts.get(&chat.account()).is_none_or(|contact| contact.hidden);
        if self.is_accepted(&chat.account()) && !hidden {
            for device in self.devices_of(chat.account()) {
                self.frame_to(device, &super::live::FrameOut::Typing(on));
            }
        }
    }

    fn status(&self) -> StatusView {
        let (direct, relayed, lan, waiting) = self.count_figures();
        let next =
            self.peers.keys().filter_map(|device| self.timers.when(&super::Timer::Dial(*device))).min();
        StatusView {
            account: self.own.account,
            device: self.own.device_id,
            name: self.own.name.clone(),
            addrs: self.own.addrs.clone(),
            direct,
            relayed,
            lan,
            waiting,
            requests: u32::try_from(self.requests.len()).unwrap_or(u32::MAX),
            next_dial_ms: next.map(|at| at.saturating_sub(self.now.mono_ms)),
            invisible: self.is_invisible(),
            published: self.published(),
            in_mailboxes: self.contacts.keys().map(|account| self.mail_figures(*account).0).sum(),
            mailboxes: self.mailbox_views(),
        }
    }
}

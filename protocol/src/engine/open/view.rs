//! What persons change in open channels, and how a channel is shown.

use super::super::Engine;
use super::super::command::{Command, MemberView, Moderation, Refusal, Reply, Role, RoomState, RoomView};
use super::super::step::{Change, Event, MessageState};
use super::keep::KEPT;
use super::record::{ChannelRecord, Standing};
use super::{Channel, others};
use crate::content::{Body, Moderate, Target};
use crate::ids::{AccountId, RoomId};
use crate::room::open::{CHANNELS, channel_name, channel_of};
use crate::text;
use crate::time::clamp_wall;
use std::collections::{BTreeMap, BTreeSet};

/// People followed or muted in one channel, at most: whom a person chose by hand.
const CHOSEN: usize = 256;

impl Engine {
    pub(in super::super) fn open_command(&mut self, command: Command) -> Result<Reply, Refusal> {
        match command {
            Command::RoomNewOpen { name } => self.open_join(&name, true),
            Command::RoomJoinOpen { name } => self.open_join(&name, false),
            Command::RoomFollow { room, account, on } => {
                self.choose(room, account, on, |record| &mut record.follows)?;
                self.moderation_changed(room);
                Ok(Reply::Done)
            }
            Command::RoomMute { room, account, on } => {
                self.choose(room, account, on, |record| &mut record.mutes)?;
                Ok(Reply::Done)
            }
            Command::RoomModerate { room, what } => self.moderate(room, &what),
            _ => Err(Refusal::NoRoom),
        }
    }

    /// What of a room's commands is about an open channel.
    pub(in super::super) fn open_room_command(
        &mut self,
        command: &Command,
    ) -> Option<Result<Reply, Refusal>> {
        match command {
            Command::RoomMembers { room } if self.is_open(room) => Some(self.open_members(*room)),
            Command::RoomLeave { room } if self.is_open(room) => Some(self.open_leave(*room)),
            Command::RoomInvite { room, .. }
            | Command::RoomLink { room, .. }
            | Command::RoomAnswer { room, .. }
            | Command::RoomRemove { room, .. }
            | Command::RoomRole { room, .. }
            | Command::RoomSet { room, .. }
                if self.is_open(room) =>
            {
                Some(Err(Refusal::IsOpen))
            }
            _ => None,
        }
    }

    /// A channel of ours that we are in.
    pub(super) fn joined(&self, room: &RoomId) -> Result<&Channel, Refusal> {
        let private = if self.is_private(room) { Refusal::NotOpen } else { Refusal::NoRoom };
        let channel = self.channel(room).ok_or(private)?;
        if channel.is_joined() { Ok(channel) } else { Err(Refusal::NotMember) }
    }

    fn open_join(&mut self, typed: &str, founder: bool) -> Result<Reply, Refusal> {
        let what = "the name of an open channel";
        let range = "letters or digits, at most 32 columns";
        let name = channel_name(typed).ok_or(Refusal::OutOfRange { what, range })?;
        let id = channel_of(&name);
        if !self.channel(&id).is_some_and(Channel::is_joined) {
            if self.open.channels.values().filter(|channel| channel.is_joined()).count() >= CHANNELS {
                return Err(Refusal::Full { what: "the list of open channels", limit: "32" });
            }
            self.open.channels.entry(id).or_insert_with(|| Channel::new(ChannelRecord::new(name, founder)));
            if let Some(channel) = self.channel_mut(&id) {
                channel.record.standing = Standing::Joined;
            }
            self.drop_false_room(id);
            self.open_event(id, "joined");
            self.channels_changed();
        }
        self.shown_channel(id)
    }

    pub(in super::super) fn open_leave(&mut self, room: RoomId) -> Result<Reply, Refusal> {
        self.joined(&room)?;
        self.forget_kept(room);
        if let Some(channel) = self.channel_mut(&room) {
            channel.record.standing = Standing::Left;
        }
        self.open_event(room, "left");
        self.channels_changed();
        self.shown_channel(room)
    }

    fn open_event(&mut self, room: RoomId, change: &'static str) {
        let Some(channel) = self.channel(&room) else { return };
        let (name, who, members) =
            (channel.record.name.clone(), self.own.account, count(self.writers(channel)));
        self.change(Change::Event(Event::Room { room, name, open: true, change, who, members }));
    }

    fn choose(
        &mut self,
        room: RoomId,
        account: AccountId,
        on: bool,
        list: impl Fn(&mut ChannelRecord) -> &mut Vec<AccountId>,
    ) -> Result<(), Refusal> {
        self.joined(&room)?;
        if account == self.own.account {
            return Err(Refusal::NotTheirs);
        }
        let Some(channel) = self.channel_mut(&room) else { return Err(Refusal::NoRoom) };
        let chosen = list(&mut channel.record);
        if on && !chosen.contains(&account) && chosen.len() >= CHOSEN {
            return Err(Refusal::Full { what: "the list of people chosen in this channel", limit: "256" });
        }
        chosen.retain(|one| *one != account);
        if on {
            chosen.push(account);
        }
        Ok(())
    }

    fn moderate(&mut self, room: RoomId, what: &Moderation) -> Result<Reply, Refusal> {
        self.joined(&room)?;
        let mut said = Moderate { hide: None, mute: None, slow_s: None, ext: Vec::new() };
        match *what {
            Moderation::Hide { author, message } => said.hide = Some(Target { author, id: message }),
            Moderation::Mute { account, seconds } if (1..=Moderate::MUTE_S).contains(&seconds) => {
                said.mute = Some((account, seconds));
            }
            Moderation::Slow { seconds } if seconds <= Moderate::SLOW_S => said.slow_s = Some(seconds),
            Moderation::Mute { .. } => {
                return Err(Refusal::OutOfRange { what: "the time of a mute", range: "1 s to 24 h" });
            }
            Moderation::Slow { .. } => {
                return Err(Refusal::OutOfRange { what: "the time between texts", range: "0 to 1 h" });
            }
        }
        self.open_control(room, &Body::Moderate(said))?;
        self.moderation_changed(room);
        Ok(Reply::Done)
    }

    // ---- shown ------------------------------------------------------------------------------------------------

    pub(in super::super) fn open_views(&self) -> Vec<RoomView> {
        self.open.channels.iter().map(|(id, channel)| self.channel_view(*id, channel)).collect()
    }

    fn shown_channel(&self, room: RoomId) -> Result<Reply, Refusal> {
        let channel = self.channel(&room).ok_or(Refusal::NoRoom)?;
        Ok(Reply::Room(self.channel_view(room, channel)))
    }

    fn channel_view(&self, room: RoomId, channel: &Channel) -> RoomView {
        let joined = channel.is_joined();
        RoomView {
            room,
            name: channel.record.name.clone(),
            topic: String::new(),
            open: true,
            state: if joined { RoomState::Member } else { RoomState::Left },
            role: if channel.record.founder { Role::Creator } else { Role::Member },
            members: count(self.writers(channel)),
            here: if joined { count(self.neighbours_with(room).saturating_add(1)) } else { 0 },
            history: "days 1".to_owned(),
            invited_by: None,
            mailboxes: 0,
            waiting: channel.entries.values().filter(|kept| kept.record.waits.is_some()).count() as u64,
            slow_s: channel.moderated.slow_s(),
            epoch: String::new(),
        }
    }

    /// How many people wrote in it in the last day.
    fn writers(&self, channel: &Channel) -> usize {
        let since = self.open_now().saturating_sub(KEPT);
        let recent = channel.authors.values().filter(|author| author.record.written_ms > since);
        recent.map(|author| author.account).collect::<BTreeSet<_>>().len()
    }

    /// Everybody who is known to have written here, or was chosen, by name.
    pub(in super::super) fn open_members(&self, room: RoomId) -> Result<Reply, Refusal> {
        let channel = self.channel(&room).ok_or(Refusal::NoRoom)?;
        let mut all = BTreeMap::<AccountId, (String, i64)>::new();
        for author in channel.authors.values() {
            let known = all.entry(author.account).or_insert_with(|| (author.name.clone(), i64::MIN));
            if author.record.written_ms >= known.1 {
                *known = (author.name.clone(), author.record.written_ms);
            }
        }
        for account in channel.record.follows.iter().chain(&channel.record.mutes) {
            all.entry(*account).or_insert_with(|| (String::new(), i64::MIN));
        }
        let at = |written_ms: i64| {
            let ago_ms = self.open_now().saturating_sub(written_ms);
            (written_ms > i64::MIN).then(|| clamp_wall(self.now.wall_ms.saturating_sub(ago_ms)))
        };
        let mut views: Vec<MemberView> = all
            .iter()
            .map(|(account, (said, written_ms))| MemberView {
                account: *account,
                name: self.open_name(*account, said, &all),
                role: Role::Member,
                me: *account == self.own.account,
                contact: self.is_accepted(account),
                via: self.best_via(*account),
                last_seen: at(*written_ms),
                muted: channel.record.mutes.contains(account),
                followed: channel.record.follows.contains(account),
            })
            .collect();
        views.sort_by_key(|view| (view.name.to_lowercase(), view.account));
        Ok(Reply::Members(views))
    }

    /// What somebody is called in an open channel: the contact's name, else what they say, marked if somebody we know or
    /// another writer is called so too.
    fn open_name(&self, account: AccountId, said: &str, all: &BTreeMap<AccountId, (String, i64)>) -> String {
        if account == self.own.account {
            return self.own.name.clone();
        }
        if let Some(contact) = self.contacts.get(&account).filter(|contact| !contact.name.is_empty()) {
            return contact.name.clone();
        }
        let mark = super::super::people::short(&account);
        let said = text::clean_name(said);
        if said.is_empty() {
            return format!("guest-{mark}");
        }
        let alike = |name: &str| {
            text::handle(name) == text::handle(&said) || text::skeleton(name) == text::skeleton(&said)
        };
        let taken = alike(&self.own.name)
            || self.contacts.values().any(|contact| alike(&contact.name))
            || all.iter().any(|(other, (name, _))| *other != account && alike(name));
        if taken { text::clean_name(&format!("{mark} {said}")) } else { said }
    }

    /// A message of ours in a channel has come to somebody.
    pub(super) fn open_state(&mut self, room: RoomId, message: crate::ids::MessageId, state: MessageState) {
        let (account, at) = (others(room), self.now.wall_ms);
        self.change(Change::State { message, account, state, reason: None, at });
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

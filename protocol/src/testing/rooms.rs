//! Rooms of a test world.

use super::World;
use crate::engine::{Command, Refusal, Reply, RoomState, RoomView};
use crate::ids::{ChatId, MessageId, RoomId};

impl World {
    /// A room that one machine makes.
    ///
    /// # Panics
    /// When it is refused.
    #[allow(clippy::panic)]
    pub fn make_room(&mut self, of: usize, name: &str) -> RoomId {
        match self.command(of, Command::RoomNew { name: name.to_owned() }) {
            Ok(Reply::Room(view)) => view.room,
            other => panic!("no room: {other:?}"),
        }
    }

    /// A room of one machine with others in it, all of them its contacts.
    ///
    /// # Panics
    /// When somebody does not get in.
    pub fn room_of(&mut self, of: usize, others: &[usize]) -> RoomId {
        let room = self.make_room(of, "roof");
        for other in others {
            self.let_in(of, room, *other);
        }
        room
    }

    /// One machine asks a contact into a room, and they say yes.
    ///
    /// # Panics
    /// When they do not get in within a minute.
    #[allow(clippy::panic)]
    pub fn let_in(&mut self, by: usize, room: RoomId, who: usize) {
        let account = self.account(who);
        let asked = self.command(by, Command::RoomInvite { room, account });
        assert!(asked.is_ok(), "not asked: {asked:?}");
        assert!(self.until(|world| world.room_state(who, room) == Some(RoomState::Invited)), "not asked");
        let said = self.command(who, Command::RoomAnswer { room, join: true });
        assert!(said.is_ok(), "not answered: {said:?}");
        assert!(self.until(|world| world.room_members(who, room).contains(&who)), "{who} did not get in");
    }

    /// Lets the world run until something is so, a minute at most. Returns whether it is.
    pub fn until(&mut self, is: impl Fn(&mut Self) -> bool) -> bool {
        for _ in 0..600 {
            if is(self) {
                return true;
            }
            self.run(100);
        }
        is(self)
    }

    /// A room as a machine sees it.
    pub fn room_view(&mut self, at: usize, room: RoomId) -> Option<RoomView> {
        match self.command(at, Command::RoomList) {
            Ok(Reply::Rooms(rooms)) => rooms.into_iter().find(|view| view.room == room),
            _ => None,
        }
    }

    /// Where a machine stands in a room.
    pub fn room_state(&mut self, at: usize, room: RoomId) -> Option<RoomState> {
        self.room_view(at, room).map(|view| view.state)
    }

    /// The machines whose accounts are in a room, as one of them sees it.
    pub fn room_members(&mut self, at: usize, room: RoomId) -> Vec<usize> {
        match self.command(at, Command::RoomMembers { room }) {
            Ok(Reply::Members(members)) => {
                let is_in = |index: &usize| {
                    let account = self.account(*index);
                    members.iter().any(|member| member.account == account)
                };
                (0..self.machines.len()).filter(is_in).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Sends a text into a room. Returns its id.
    ///
    /// # Errors
    /// As the engine refuses.
    pub fn say(&mut self, from: usize, room: RoomId, text: &str) -> Result<MessageId, Refusal> {
        let (chat, text) = (ChatId::from(room), text.to_owned());
        let command = Command::Send { chat, text, reply_to: None, client_ref: None, require_verified: false };
        match self.command(from, command)? {
            Reply::Sent { message, .. } => Ok(message),
            _ => Err(Refusal::Empty),
        }
    }

    /// The texts and lines a machine shows in a room, in order.
    pub fn room_texts(&self, at: usize, room: RoomId) -> Vec<String> {
        let chat = ChatId::from(room);
        self.machines.get(at).map_or_else(Vec::new, |machine| {
            machine.disk.chat(chat).into_iter().map(|message| message.text.clone()).collect()
        })
    }
}

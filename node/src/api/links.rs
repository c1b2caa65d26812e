//! What a pasted text leads to, so that a front end can name the action before it asks for it. Nothing is called.

use starling_protocol::invite::{LinkKind, link_kind};
use starling_protocol::room::RoomLink;

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Asking a person to become contacts.
    Person,
    /// Asking to be let into a room.
    Room {
        /// What whoever made the link says it is called, as `#roof`.
        name: String,
    },
    /// Having mail kept.
    Mailbox,
    /// No whole link, or one of a newer version.
    Other,
}

/// What a text is a link for.
pub fn look(text: &str) -> Link {
    match link_kind(text) {
        Ok(LinkKind::Invite) => Link::Person,
        Ok(LinkKind::Room) => RoomLink::from_link(text)
            .map_or(Link::Other, |link| Link::Room { name: super::names::room_handle(&link.name) }),
        Ok(LinkKind::Mailbox) => Link::Mailbox,
        Ok(LinkKind::Unknown(_)) | Err(_) => Link::Other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use starling_protocol::identity::Seed;
    use starling_protocol::ids::RoomId;
    use starling_protocol::invite::Invite;

    #[test]
    fn a_link_says_what_it_is_for() {
        let root = Seed::from_entropy([9; 32]).root().account();
        let invite = Invite { root, secret: [1; 32], hints: Vec::new() };
        assert_eq!(look(&invite.to_link()), Link::Person);
        let room = RoomLink { invite, room: RoomId([2; 32]), name: "The Roof".to_owned() }.to_link();
        assert_eq!(look(&room), Link::Room { name: "#the-roof".to_owned() });
        assert_eq!(look(&room.to_uppercase()), look(&room));
        for other in [
            "",
            "starling:",
            "starling:ai",
            "https://example.org",
            room.trim_end_matches(char::is_alphanumeric),
        ] {
            assert_eq!(look(other), Link::Other, "{other}");
        }
    }
}

//! Every error in the words of a [`Trouble`]: what happened, what it means for the person's messages, what to do.
//! The only file that chooses code words and exit codes (docs/user/cli.md, "Exit codes").

use super::types::Trouble;
use crate::driver::handle::NodeFault;
use crate::store::StoreError;
use starling_protocol::engine::Refusal;

/// Exit code: failed, reason printed.
pub const FAILED: u8 = 1;
/// Exit code: used wrongly.
pub const USED_WRONGLY: u8 = 2;
/// Exit code: no running node.
pub const NO_NODE: u8 = 3;
/// Exit code: no such, or an ambiguous, person or message.
pub const NO_SUCH: u8 = 4;
/// Exit code: locked, and nothing to open it with.
pub const LOCKED: u8 = 5;
/// Exit code: refused.
pub const REFUSED: u8 = 6;
/// Exit code: stored, but not at the asked level in time.
pub const NOT_YET: u8 = 7;
/// Exit code: key changed or not verified.
pub const KEY: u8 = 8;
/// Exit code: store damaged or disk full.
pub const STORE: u8 = 9;
/// Exit code: another API version.
pub const OTHER_API: u8 = 10;

const NOTHING_CHANGED: &str = "Nothing was changed.";

/// Used wrongly: `what` says how.
pub fn misuse(what: impl Into<String>, advice: impl Into<String>) -> Trouble {
    Trouble::new("E-USE", USED_WRONGLY, what, NOTHING_CHANGED, advice)
}

/// No such person, message, invite or request.
pub fn no_such(what: impl Into<String>, advice: impl Into<String>) -> Trouble {
    Trouble::new("E-NAME", NO_SUCH, what, NOTHING_CHANGED, advice)
}

/// The node ended, or is ending.
pub fn node_gone() -> Trouble {
    Trouble::new(
        "E-NODE",
        NO_NODE,
        "Starling is not running any more",
        "What was stored is kept; what was asked just now may not have been done.",
        "Start it with `starling daemon`, then look with `starling log`.",
    )
}

/// The client speaks another version of the API, or did not say hello.
pub fn other_api(what: impl Into<String>) -> Trouble {
    Trouble::new(
        "E-API",
        OTHER_API,
        what,
        NOTHING_CHANGED,
        "Use the same version of Starling for the node and for this program.",
    )
}

/// A link that is no mailbox link: `reason` says why.
pub fn mailbox_link(reason: &str) -> Trouble {
    Trouble::new(
        "E-LINK",
        FAILED,
        format!("The link leads to no mailbox: {}", reason.trim_end_matches('.')),
        "Nothing was changed.",
        "Ask whoever keeps the mailbox for a link (`starling mailbox grant`), and paste all of it.",
    )
}

/// A link to a mailbox where an invite was wanted.
pub fn not_an_invite() -> Trouble {
    Trouble::new(
        "E-LINK",
        FAILED,
        "This is a link to a mailbox, not an invite",
        "Nobody was asked.",
        "`starling mailbox use LINK` (on the screen `/mailbox use LINK`) has your mail kept there.",
    )
}

/// Another link where one to a room was wanted.
pub fn not_a_room_link() -> Trouble {
    Trouble::new(
        "E-LINK",
        FAILED,
        "This is not a link to a room",
        "Nobody was asked.",
        "`starling add LINK` takes an invite of a person, `starling mailbox use LINK` a link to a mailbox.",
    )
}

/// A link to a room where the invite of a person was wanted.
pub fn a_room_link() -> Trouble {
    Trouble::new(
        "E-LINK",
        FAILED,
        "This is a link to a room, not to a person alone",
        "Nobody was asked.",
        "`starling room join LINK` (on the screen `/join LINK`) asks to be let in.",
    )
}

/// As many mailboxes are in use as there may be.
pub fn mailboxes_full() -> Trouble {
    Trouble::new(
        "E-MAILBOX",
        FAILED,
        "Three mailboxes keep your mail already",
        NOTHING_CHANGED,
        "`starling mailbox drop ID` gives one up; `starling mailbox list` lists them.",
    )
}

/// What this node keeps for others cannot be reached, or not in time.
pub fn own_mailbox(fault: NodeFault) -> Trouble {
    const MEANS: &str = "Your own messages are not affected, and nothing was deleted.";
    match fault {
        NodeFault::Store(fault) => Trouble::new(
            "E-STORE",
            STORE,
            format!("What this node keeps for others cannot be used: {fault}"),
            MEANS,
            "Free some space if the disk is full. Else copy `mail.db` of the profile's folder, and put it back from a \
             backup; if there is none, move it away and start Starling again: people then need new links.",
        ),
        NodeFault::NoAnswer => Trouble::new(
            "E-MAILBOX",
            FAILED,
            "What this node keeps for others is too busy to answer",
            MEANS,
            "Wait a moment and try again.",
        ),
        other => other.into(),
    }
}

/// Boxes for many are offered by a node that serves.
pub fn not_serving() -> Trouble {
    Trouble::new(
        "E-MAILBOX",
        FAILED,
        "This node keeps no mail for the public, so a link for it is for one use",
        NOTHING_CHANGED,
        "Leave out `--uses`, or start the node with `starling daemon --serve mailbox`.",
    )
}

/// A fault inside Starling itself, in words.
pub fn internal(what: impl Into<String>) -> Trouble {
    Trouble::new(
        "E-BUG",
        FAILED,
        what,
        "What was stored is kept.",
        "This is a mistake in Starling; please report it with the log.",
    )
}

impl From<NodeFault> for Trouble {
    fn from(fault: NodeFault) -> Self {
        match fault {
            NodeFault::Refused(refusal) => Self::from(refusal),
            NodeFault::Store(fault) => Self::from(fault.as_ref()),
            NodeFault::Stopping => node_gone(),
            NodeFault::NoAnswer => Self::new(
                "E-NET",
                FAILED,
                "The network does not answer",
                "Messages are kept and go when it does.",
                "Wait a moment and try again; if it stays so, start Starling again.",
            ),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(fault: StoreError) -> Self {
        Self::from(&fault)
    }
}

impl From<&StoreError> for Trouble {
    fn from(fault: &StoreError) -> Self {
        match fault {
            StoreError::Full => Self::new(
                "E-FULL",
                STORE,
                "The disk is full",
                "Nothing new can be stored, so this was not accepted; what was stored is kept.",
                "Free some space and try again.",
            ),
            StoreError::Damaged { what } => Self::new(
                "E-STORE",
                STORE,
                format!("The store is damaged and was not changed: {what}"),
                "Nothing more is sent or received.",
                "Copy the profile folder before anything else, then restore it from a backup.",
            ),
            StoreError::WrongKey => Self::new(
                "E-STORE",
                STORE,
                "The profile's key does not open its store",
                "Nothing was changed.",
                "The key file and the store do not belong together: put both back from the same copy.",
            ),
            StoreError::Newer { found, known } => Self::new(
                "E-STORE",
                STORE,
                format!("A newer Starling wrote this store (format {found}; this one knows up to {known})"),
                "Nothing was changed.",
                "Use the newer Starling.",
            ),
            StoreError::Io { what } => Self::new(
                "E-STORE",
                STORE,
                format!("The disk failed: {what}"),
                "What was stored before is kept; this may not be.",
                "Look after the disk, then start Starling again.",
            ),
            StoreError::Closed => node_gone(),
        }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        let said = sentence(&refusal.to_string());
        match refusal {
            Refusal::BadLink { .. } => Self::new(
                "E-LINK",
                FAILED,
                said,
                "Nobody was asked.",
                "Ask for the link again and paste all of it.",
            ),
            Refusal::OwnLink => Self::new(
                "E-LINK",
                FAILED,
                said,
                "Nobody was asked.",
                "Give it to somebody else; they add you with `starling add LINK`.",
            ),
            Refusal::NoContact => no_such(said, "`starling people` lists everybody you know."),
            Refusal::NoInvite => no_such(said, "`starling invite list` lists your invites."),
            Refusal::NoRequest => no_such(said, "`starling requests` lists who asks."),
            Refusal::NoMailbox => no_such(said, "`starling mailbox list` lists the mailboxes you use."),
            Refusal::NoAsk => no_such(said, "`starling mailbox list` lists the questions that are open."),
            Refusal::NoRoom => no_such(said, "`starling room list` lists your rooms."),
            Refusal::IsOpen => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was changed.",
                "`starling room ignore #channel @who` shows nothing of somebody here.",
            ),
            Refusal::NotOpen => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was changed.",
                "`starling room list` says which of your rooms are open.",
            ),
            Refusal::TooFast { .. } => {
                Self::new("E-QUEUE", FAILED, said, "Nothing was sent.", "Wait a moment and send it again.")
            }
            Refusal::NotTheirs => no_such(said, "`starling room members #room` lists who is in it."),
            Refusal::NotInvited => {
                no_such(said, "Ask somebody of the room for an invite or a link, then `starling room join`.")
            }
            Refusal::NotMember => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was sent or changed.",
                "Ask an admin of the room to invite you again.",
            ),
            Refusal::NobodyLeft => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was sent: whoever is in the room has it, or gets it from the others.",
                "Ask an admin to invite them again, then try again.",
            ),
            Refusal::NotAllowed => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was changed.",
                "Ask an admin of a higher rank: `starling room members #room` lists them.",
            ),
            Refusal::AlreadyThere => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was changed.",
                "`starling room members #room` lists who is in it.",
            ),
            Refusal::Invisible => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was done.",
                "`starling presence online` ends it.",
            ),
            Refusal::NotHere => Self::new(
                "E-REFUSED",
                1,
                said,
                "Nothing was done.",
                "Try again when both of you are online: `starling people` shows who is here.",
            ),
            Refusal::NotAccepted => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was sent.",
                "Try again when they have accepted you.",
            ),
            Refusal::Blocked => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was sent.",
                "`starling people unblock @who` takes that back.",
            ),
            Refusal::Removed => Self::new(
                "E-REFUSED",
                REFUSED,
                said,
                "Nothing was sent.",
                "Add them again with a new invite of theirs.",
            ),
            Refusal::NotVerified => Self::new(
                "E-KEY",
                KEY,
                said,
                "Nothing was sent.",
                "Compare the number of `starling id @who` with theirs, then `starling verify @who --matches`.",
            ),
            Refusal::Empty => misuse(said, "Give some text."),
            Refusal::TooLong { what, .. } if what.starts_with("a message") => Self::new(
                "E-USE",
                USED_WRONGLY,
                said,
                "Nothing was sent.",
                "Shorten it, or send it in parts.",
            ),
            Refusal::TooLong { .. } => misuse(said, "Shorten it and try again."),
            Refusal::OutOfRange { .. } => misuse(said, "Choose another value and try again."),
            Refusal::Full { .. } => Self::new(
                "E-QUEUE",
                FAILED,
                said,
                "This was not accepted; what was accepted before is kept.",
                "Wait until some of it is done, then try again.",
            ),
            Refusal::BadKeys { .. } => {
                Self::new("E-KEY", KEY, said, "Nothing was sent.", "Ask them to start the newest Starling.")
            }
        }
    }
}

/// With a capital first letter; without a full stop, which [`Trouble`] adds.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let mut out = String::with_capacity(text.len());
    if let Some(first) = chars.next() {
        out.extend(first.to_uppercase());
    }
    out.push_str(chars.as_str().trim_end_matches('.'));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_too_long_was_not_sent_and_can_be_sent_in_parts() {
        let long = Trouble::from(Refusal::TooLong { what: "a message", limit: "32 KiB of text" });
        assert_eq!((long.code.as_str(), long.exit, long.means.as_str()), ("E-USE", 2, "Nothing was sent."));
        assert_eq!(long.do_, "Shorten it, or send it in parts.");
        let note = Trouble::from(Refusal::TooLong { what: "the note", limit: "200 characters" });
        assert_eq!((note.means.as_str(), note.do_.as_str()), (NOTHING_CHANGED, "Shorten it and try again."));
    }
}

//! Why a wish is refused.

/// Why a command was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The link is not a Starling link, or damaged.
    #[error("the link is not a whole Starling invite: {reason}")]
    BadLink {
        /// What is wrong with it.
        reason: String,
    },
    /// One's own link.
    #[error("this is your own invite")]
    OwnLink,
    /// They are not connected.
    #[error("they are not here now")]
    NotHere,
    /// Who is invisible is shown to nobody.
    #[error("you are invisible: nobody near you is told that you are here")]
    Invisible,
    /// Nobody by that id.
    #[error("there is no such person")]
    NoContact,
    /// No such invite.
    #[error("there is no such invite")]
    NoInvite,
    /// No such request.
    #[error("there is no such request")]
    NoRequest,
    /// The contact has not accepted yet.
    #[error("they have not accepted yet")]
    NotAccepted,
    /// The contact is blocked.
    #[error("you have blocked them")]
    Blocked,
    /// The contact was removed.
    #[error("you have removed them")]
    Removed,
    /// `require_verified`, and they are not, or their key changed.
    #[error("the safety number is not verified, or changed since")]
    NotVerified,
    /// Nothing to send.
    #[error("there is nothing in it")]
    Empty,
    /// Over a bound.
    #[error("too long: {what} may have at most {limit}")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The bound with its unit.
        limit: &'static str,
    },
    /// A queue or list is full.
    #[error("{what} is full: {limit}")]
    Full {
        /// Which.
        what: &'static str,
        /// The bound with its unit.
        limit: &'static str,
    },
    /// A number out of range.
    #[error("{what} must be {range}")]
    OutOfRange {
        /// Which.
        what: &'static str,
        /// The range.
        range: &'static str,
    },
    /// No such mailbox.
    #[error("there is no such mailbox")]
    NoMailbox,
    /// No such room.
    #[error("there is no such room")]
    NoRoom,
    /// We are not in it (any more, or yet).
    #[error("you are not a member of this room")]
    NotMember,
    /// They are not in it.
    #[error("they are not a member of this room")]
    NotTheirs,
    /// Only an admin of a higher rank may do that.
    #[error("you may not do that in this room")]
    NotAllowed,
    /// Whoever lacks the message has left the room.
    #[error("who did not get it is not in this room any more")]
    NobodyLeft,
    /// They are in it, or have been asked, already.
    #[error("they are in this room, or were asked already")]
    AlreadyThere,
    /// Nobody asked us into it.
    #[error("nobody asked you into this room")]
    NotInvited,
    /// An open channel has no members, roles, links or settings.
    #[error("this channel is open, not private: anybody reads and writes in it, and nobody can be put out")]
    IsOpen,
    /// A private room is not moderated so.
    #[error("this room is private, no open channel")]
    NotOpen,
    /// Too much at once.
    #[error("too fast: {what}; the next may be written in {wait_s} s")]
    TooFast {
        /// What was done too fast, with its bound.
        what: &'static str,
        /// Seconds until it may be done again.
        wait_s: u64,
    },
    /// Nobody asked that.
    #[error("there is no such question open")]
    NoAsk,
    /// A device's keys cannot be used.
    #[error("their keys cannot be used: {reason}")]
    BadKeys {
        /// Why.
        reason: String,
    },
}

//! What is asked for about mailboxes.

/// A wish about mailboxes.
#[derive(Clone, PartialEq, Eq)]
pub enum MailWish {
    /// Read which there are.
    List,
    /// Have mail kept by a link.
    Use {
        /// The link.
        link: String,
    },
    /// Have none kept there any more.
    Drop {
        /// The mailbox's id, or the friend whose it is.
        id: String,
    },
    /// Make a link to this node's own.
    Grant,
    /// Ask a contact to keep mail for each other.
    Ask {
        /// Whom.
        account: String,
    },
    /// Answer one who asked.
    Answer {
        /// Who asked.
        account: String,
        /// Yes or no.
        agree: bool,
    },
}

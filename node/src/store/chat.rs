//! A chat as the chat list shows it, and how a person wants it shown and told on this node. Nobody else hears of it.

use starling_protocol::ids::ChatId;
use starling_protocol::time::WallMs;

/// A chat as the chat list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatSummary {
    /// Which.
    pub chat: ChatId,
    /// When the message that stands last came.
    pub last_at: WallMs,
    /// Messages not seen here.
    pub unread: u64,
    /// Unsent text.
    pub draft: Option<String>,
    /// How it is shown and told.
    pub settings: ChatSettings,
}

/// What of a chat is not told. Numbers are in databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Mute {
    /// Nothing is kept back.
    #[default]
    Off = 0,
    /// Nothing is told.
    All = 1,
    /// Only what names oneself is told.
    Mentions = 2,
}

/// How much a notice of a chat says. Numbers are in databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Notify {
    /// As for all chats.
    #[default]
    Default = 0,
    /// Who and what.
    Text = 1,
    /// Who.
    Name = 2,
    /// That there is something.
    Something = 3,
    /// No notice.
    Off = 4,
}

impl Mute {
    /// All, with their words in the API.
    pub const WORDS: [(Self, &'static str); 3] =
        [(Self::Off, "off"), (Self::All, "all"), (Self::Mentions, "mentions")];

    /// That of a number in a database.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::WORDS.into_iter().map(|(mute, _)| mute).find(|mute| *mute as u8 == number)
    }
}

impl Notify {
    /// All, with their words in the API.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Default, "default"),
        (Self::Text, "text"),
        (Self::Name, "name"),
        (Self::Something, "something"),
        (Self::Off, "off"),
    ];

    /// That of a number in a database.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::WORDS.into_iter().map(|(notify, _)| notify).find(|notify| *notify as u8 == number)
    }
}

/// How a chat is shown and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChatSettings {
    /// What is not told.
    pub mute: Mute,
    /// When that is over, on our clock; 0 for never.
    pub mute_until: WallMs,
    /// Whether it stands before the others.
    pub pinned: bool,
    /// Whether it is put away. The next message in it brings it back.
    pub archived: bool,
    /// How much a notice says.
    pub notify: Notify,
}

/// What of that is to be another; `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChatChange {
    /// See [`ChatSettings::mute`] and [`ChatSettings::mute_until`].
    pub mute: Option<(Mute, WallMs)>,
    /// See [`ChatSettings::pinned`].
    pub pinned: Option<bool>,
    /// See [`ChatSettings::archived`].
    pub archived: Option<bool>,
    /// See [`ChatSettings::notify`].
    pub notify: Option<Notify>,
}

impl ChatSettings {
    /// What of the chat is not told at a time.
    pub fn muted_at(&self, now: WallMs) -> Mute {
        if self.mute_until != 0 && self.mute_until <= now { Mute::Off } else { self.mute }
    }

    /// With a change.
    pub(super) fn changed(self, change: &ChatChange) -> Self {
        let (mute, mute_until) = change.mute.unwrap_or((self.mute, self.mute_until));
        Self {
            mute,
            mute_until: if mute == Mute::Off { 0 } else { mute_until },
            pinned: change.pinned.unwrap_or(self.pinned),
            archived: change.archived.unwrap_or(self.archived),
            notify: change.notify.unwrap_or(self.notify),
        }
    }
}

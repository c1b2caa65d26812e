//! What is played, and when: lines that others write, the network that goes and comes back, somebody who asks. Times
//! are milliseconds from the beginning.

/// Something that happens by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Somebody writes a message for as long as that takes, and sends it.
    Says {
        /// The chat.
        chat: &'static str,
        /// Who.
        who: &'static str,
        /// What.
        text: &'static str,
    },
    /// Somebody goes, or comes by a road.
    Comes {
        /// Who.
        who: &'static str,
        /// "direct", "lan", "relay", or "none" for going.
        via: &'static str,
    },
    /// The network becomes another one.
    Network(&'static str),
    /// Somebody asks to be talked to.
    Asks {
        /// Who.
        who: &'static str,
        /// Their name.
        name: &'static str,
        /// What they say about it.
        note: &'static str,
    },
    /// Somebody reacts to one's newest message in a chat.
    Reacts {
        /// The chat.
        chat: &'static str,
        /// Who.
        who: &'static str,
        /// With what.
        emoji: &'static str,
    },
}

/// A turn and its time.
pub type Timed = (u64, Turn);

const fn says(chat: &'static str, who: &'static str, text: &'static str) -> Turn {
    Turn::Says { chat, who, text }
}

/// The conversation of people who know each other.
pub const TALK: [Timed; 12] = [
    (1_500, says("ilse", "ilse", "I am on the roof now. The wind took the antenna's cover.")),
    (6_500, Turn::Comes { who: "dad", via: "direct" }),
    (9_000, says("roof", "tomas", "@Mara we need the long ladder, not the short one")),
    (12_000, Turn::Reacts { chat: "ilse", who: "ilse", emoji: "🧵" }),
    (14_500, says("ilse", "ilse", "Give me five minutes, the link may go away for a moment.")),
    (19_000, Turn::Network("offline")),
    (27_000, Turn::Network("direct")),
    (29_500, says("ilse", "ilse", "Back! **New cable**, new cover: https://example.org/wiki/roof-c")),
    (34_000, Turn::Asks { who: "nadia", name: "Nadia", note: "Tomás gave me your link. I have the ladder." }),
    (38_000, says("roof", "wang", "信号很好。 The far side hears us again.")),
    (44_000, says("dad", "dad", "Is this the program without the telephone number?")),
    (52_000, Turn::Comes { who: "wang", via: "none" }),
];

/// What was said before, oldest first: chat, minutes before the beginning, who, what.
pub const BEFORE: [(&str, u64, &str, &str); 13] = [
    ("notes", 1_500, "you", "Ask in the hardware shop: N connectors, self-amalgamating tape"),
    (
        "roof",
        1_445,
        "tomas",
        "The relay on the roof is back. Could two of you in building C try a long message?",
    ),
    ("roof", 1_442, "you", "Trying now."),
    ("roof", 1_440, "wang", "大家好，我在局域网里，没有互联网也能发消息。"),
    ("roof", 190, "ilse", "It arrived in one go. Who can bring a ladder on Saturday?"),
    ("dad", 180, "you", "Dinner at eight on Sunday?"),
    ("dad", 170, "dad", "Yes. Bring bread."),
    ("tomas", 120, "tomas", "Found the spare relay in the cellar ❤️"),
    ("ilse", 24, "ilse", "Did you find the long cable?"),
    ("ilse", 22, "you", "Yes, 30 metres, and a drum for it."),
    ("ilse", 21, "ilse", "Perfect. I go up at eight."),
    ("ilse", 8, "you", "Take the clips as well, they are in the blue box."),
    ("ilse", 7, "ilse", "✓ clips ✓ tape ✓ thermos"),
];

/// What others answer to what one writes, in turn.
pub const ANSWERS: [&str; 6] = [
    "Got it.",
    "Good idea, let us do that.",
    "Ha! Tell me more when you are here.",
    "I will look at it tonight.",
    "Can you write that into #roof as well?",
    "👍",
];

/// What the first person to come answers in the played first run.
pub const WELCOME: [&str; 3] =
    ["Hello! No number, no e-mail, and here we are.", "Shall we compare the safety number later?", "👍"];

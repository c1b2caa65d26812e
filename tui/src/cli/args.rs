//! The words of the command line (docs/user/cli.md). Only shapes: what they do is elsewhere. Names here do not
//! change; what is not there yet is not here either, and [`LATER`] says so.

use super::chats::ChatsAction;
use super::config::ConfigAction;
use super::duration::Span;
use super::logs::LogLevel;
use super::mail::MailboxAction;
use super::rooms::RoomAction;
use crate::screen::demo::Demo;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Verbs that belong to the command line and are not built yet.
pub const LATER: &[&str] = &["files", "devices", "backup"];

/// Starling: messages between people, without servers.
#[derive(Debug, Parser)]
#[command(
    name = "starling",
    version,
    about = "Messages between people, without servers",
    after_help = "Examples:\n  starling                               the screen\n  starling invite                        a link; whoever has it can ask you\n  starling send @ilse \"I am on my way\"\n  starling recv --follow --json | jq -r 'select(.type==\"message\") | .text'\n\n`starling VERB --help` tells more about a verb.",
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What holds for every verb.
    #[command(flatten)]
    pub global: Global,
    /// Open the screen with a played conversation: nothing is read, stored or sent (`--demo=new`: a first start)
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "talk", hide_possible_values = true)]
    pub demo: Option<Demo>,
    /// The verb; none opens the screen.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Flags of every verb.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Flags of every verb")]
pub struct Global {
    /// The profile's folder (else STARLING_DIR, else the place the system has for it)
    #[arg(long, global = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Another profile beside the usual one
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "dir")]
    pub profile: Option<String>,
    /// Start a node for the duration of this command if none runs
    #[arg(long, global = true)]
    pub start: bool,
    /// One JSON object a line on stdout, errors as JSON on stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask anything
    #[arg(long, global = true)]
    pub no_input: bool,
    /// No talk on stderr
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// More in the log; twice for much more
    #[arg(short, long = "verbose", global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How long to wait: 30s, 5m, 2h
    #[arg(long, global = true, value_name = "TIME")]
    pub timeout: Option<Span>,
    /// Colour in help and errors: auto, always, never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true)]
    pub color: Color,
    /// A file whose content opens the profile's lock
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Keep names and addresses in the log of a node started here
    #[arg(long, global = true)]
    pub log_private: bool,
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make an account and this computer its first device; prints the account id
    #[command(
        after_help = "Example:\n  starling init --name Ilse --passphrase-file ./phrase --words-to ./words"
    )]
    Init(Init),
    /// Bring an account back from its 24 words
    #[command(after_help = "Example:\n  starling restore --words-from ./words --no-passphrase")]
    Restore(Restore),
    /// Show the 24 words that bring the account back
    #[command(after_help = "Example:\n  starling words --passphrase-file ./phrase")]
    Words,
    /// Run the node in the foreground; logs go to stderr
    #[command(after_help = "Example:\n  starling daemon --listen /ip4/0.0.0.0/udp/41641/quic-v1")]
    Daemon(Daemon),
    /// End the running node
    Stop,
    /// Have the running node read its configuration again
    Reload,
    /// Show and change settings; needs no node
    #[command(
        after_help = "Examples:\n  starling config get\n  starling config get screen.theme --origin\n  starling config set lan false\n\nOrder: flag, STARLING_* variable, config.toml of the profile, /etc/starling/config.toml, default."
    )]
    Config {
        /// What to do with it.
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Show the account and device id, or the safety number with somebody
    #[command(after_help = "Examples:\n  starling id\n  starling id @ilse")]
    Id {
        /// With whom to show the safety number
        #[arg(value_name = "@WHO")]
        who: Option<String>,
    },
    /// Make an invite and print its link; list or revoke invites
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  starling invite --for 1d --qr\n  starling invite '#roof' --uses 5\n  starling invite list\n  starling invite revoke invite:…"
    )]
    Invite(Invite),
    /// Ask somebody to be your contact, by the link they gave you
    #[command(
        after_help = "Example:\n  starling add starling:… --name Ilse --note \"It is Tomás from the roof\""
    )]
    Add(Add),
    /// People who ask: list, accept, drop
    #[command(after_help = "Examples:\n  starling requests\n  starling requests accept account:…")]
    Requests {
        /// What to do with one.
        #[command(subcommand)]
        action: Option<RequestAction>,
    },
    /// Look for people on this local network; while it runs those who look see you, and can ask you
    #[command(
        after_help = "Examples:\n  starling near\n  starling near --for 5m\n  starling add 'LINK'    # one of those it lists"
    )]
    Near {
        /// For how long
        #[arg(long = "for", value_name = "TIME", default_value = "60s")]
        for_: Span,
    },
    /// Contacts: list, rename, block, unblock, hide, show, remove
    #[command(after_help = "Examples:\n  starling people\n  starling people rename @ilse \"Ilse Brandt\"")]
    People {
        /// What to do with one.
        #[command(subcommand)]
        action: Option<PeopleAction>,
    },
    /// Compare three words or the safety number with somebody, or say that they are the same on both sides
    #[command(
        after_help = "Examples:\n  starling verify @ilse\n  starling verify @ilse --words\n  starling verify @ilse --matches"
    )]
    Verify {
        /// With whom
        #[arg(value_name = "@WHO")]
        who: String,
        /// You compared the words or numbers, and they are the same
        #[arg(long)]
        matches: bool,
        /// Show three words on both sides; both of you must be online
        #[arg(long, conflicts_with = "matches")]
        words: bool,
    },
    /// Send a text; prints the message id
    #[command(
        after_help = "Examples:\n  starling send @ilse \"I am on my way\"\n  df -h | starling send me -\n  starling send @ilse --wait delivered --timeout 20s \"Are you there?\""
    )]
    Send(Send),
    /// Change the text of one of your messages
    #[command(after_help = "Example:\n  starling edit abcdefghijklmnopqrstuvwxyz \"On Monday\"")]
    Edit {
        /// The message's id
        #[arg(value_name = "ID")]
        id: String,
        /// The new text
        #[arg(value_name = "TEXT", required = true)]
        text: Vec<String>,
    },
    /// Delete one of your messages for everyone, or any message here alone
    Delete {
        /// The message's id
        #[arg(value_name = "ID")]
        id: String,
        /// Only here: nobody hears of it, and it cannot be undone
        #[arg(long)]
        local: bool,
    },
    /// Try a message again that failed or expired, as the same message
    Again {
        /// The message's id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Pin a message in its chat, for all who are in it
    Pin {
        /// The message's id
        #[arg(value_name = "ID")]
        id: String,
        /// Unpin it
        #[arg(long)]
        off: bool,
    },
    /// Show the pinned messages of a chat
    Pins {
        /// Which chat
        #[arg(value_name = "TO")]
        to: String,
    },
    /// The chat list, and how a chat is told here: mute, pin, archive, notify
    #[command(
        after_help = "Examples:\n  starling chats\n  starling chats mute '#roof' 8h\n  starling chats mute '#roof' mentions\n  starling chats archive @ilse"
    )]
    Chats {
        /// What to do with one.
        #[command(subcommand)]
        action: Option<ChatsAction>,
    },
    /// React to a message with one emoji; "" takes it back
    React {
        /// The message's id
        #[arg(value_name = "ID")]
        id: String,
        /// One emoji, or nothing
        #[arg(value_name = "EMOJI")]
        emoji: String,
    },
    /// Show a chat's history; never marks it read
    #[command(
        after_help = "Examples:\n  starling log @ilse --limit 20\n  starling log me --since 2d --grep 'https?://'"
    )]
    Log(Log),
    /// Find messages by words
    #[command(after_help = "Example:\n  starling find long cable")]
    Find {
        /// The words
        #[arg(value_name = "TEXT", required = true)]
        text: Vec<String>,
        /// At most this many, the newest
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Write a chat's whole history to stdout
    #[command(after_help = "Example:\n  starling export @ilse --format md > ilse.md")]
    Export {
        /// Which chat
        #[arg(value_name = "TO")]
        to: String,
        /// The form
        #[arg(long, value_enum, default_value = "jsonl")]
        format: Format,
    },
    /// Print what happens: messages, receipts, requests and more
    #[command(
        after_help = "Examples:\n  starling recv\n  starling recv --follow --json --cursor-file ./cursor\n  starling recv @ilse --type message --max 1 --timeout 1m"
    )]
    Recv(Recv),
    /// Rooms, private groups: list, new, join, members, invite, link, leave and more
    #[command(
        after_help = "Examples:\n  starling room new roof\n  starling room invite roof @ilse\n  starling room link roof --uses 5 --qr\n  starling room join starling:…\n\nA room is #roof, or roof where no person is called so. In a shell write '#roof': # begins a comment."
    )]
    Room {
        /// What to do.
        #[command(subcommand)]
        action: Option<RoomAction>,
    },
    /// Who keeps your mail while you are away: list, use, drop, grant, ask, accept, decline
    #[command(
        after_help = "Examples:\n  starling mailbox ask @ilse\n  starling mailbox use starling:…\n  starling mailbox grant --quota 64"
    )]
    Mailbox {
        /// What to do.
        #[command(subcommand)]
        action: Option<MailboxAction>,
    },
    /// Show the state of the node
    Status {
        /// Go on showing it
        #[arg(long)]
        watch: bool,
    },
    /// Show how you are connected, or try everything there is
    #[command(after_help = "Examples:\n  starling net\n  starling net test")]
    Net {
        /// What to do.
        #[command(subcommand)]
        action: Option<NetAction>,
    },
    /// Find out what does not work, and what to do about it; exit 0 if all that matters works, else 1
    #[command(after_help = "Example:\n  starling doctor network")]
    Doctor {
        /// What to look at
        #[arg(value_name = "WHAT", value_enum, default_value = "network")]
        what: DoctorWhat,
    },
    /// Show what the node logged of late, without names, texts and addresses
    #[command(after_help = "Example:\n  starling logs --follow --level warn")]
    Logs {
        /// Go on showing it
        #[arg(long)]
        follow: bool,
        /// At least this grave
        #[arg(long, value_name = "LEVEL", value_enum)]
        level: Option<LogLevel>,
    },
    /// Say how you are; shown to contacts you are connected with
    #[command(
        after_help = "Examples:\n  starling presence away\n  starling presence invisible    nobody is called or answered; messages wait here"
    )]
    Presence {
        /// How you are
        #[arg(value_name = "STATE", value_enum)]
        state: PresenceWord,
    },
    /// Show the version
    Version,
    /// Call a method of the control API
    #[command(after_help = "Example:\n  starling rpc log '{\"chat\":\"me\",\"limit\":1}'")]
    Rpc {
        /// The method
        #[arg(value_name = "METHOD")]
        method: String,
        /// Its parameters
        #[arg(value_name = "JSON")]
        params: Option<String>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL", value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write all of them into a folder
    Man {
        /// The folder
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Open the screen on one chat
    Chat {
        /// Which chat
        #[arg(value_name = "TO")]
        to: Option<String>,
        /// Line mode
        #[arg(long)]
        plain: bool,
    },
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// Your name, as others see it
    #[arg(long)]
    pub name: String,
    /// Keep the profile without a lock
    #[arg(long, conflicts_with = "passphrase_file")]
    pub no_passphrase: bool,
    /// Write the 24 words into a new file that only you can read
    #[arg(long, value_name = "FILE")]
    pub words_to: Option<PathBuf>,
}

/// `restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// A file with the 24 words; - is stdin
    #[arg(long, value_name = "FILE")]
    pub words_from: PathBuf,
    /// Your name, as others see it
    #[arg(long, default_value = "")]
    pub name: String,
    /// Keep the profile without a lock
    #[arg(long, conflicts_with = "passphrase_file")]
    pub no_passphrase: bool,
    /// A backup to bring back as well
    #[arg(long, value_name = "FILE", hide = true)]
    pub backup: Option<PathBuf>,
}

/// `daemon`
#[derive(Debug, Args)]
pub struct Daemon {
    /// An address to listen on, as a multiaddr; may be given several times
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<String>,
    /// Somebody to connect to at the start, as a multiaddr; may be given several times
    #[arg(long, value_name = "ADDR")]
    pub peer: Vec<String>,
    /// Do not look for contacts on the local network
    #[arg(long)]
    pub no_lan: bool,
    /// What this node does for everybody: mailbox, relay, bootstrap
    #[arg(long, value_name = "ROLES", value_enum, value_delimiter = ',', hide_possible_values = true)]
    pub serve: Vec<Role>,
    /// Serve figures for Prometheus at http://ADDR/metrics, for programs on this machine only
    #[arg(long, value_name = "ADDR")]
    pub web: Option<String>,
}

/// What a node does for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Keeps mail for others
    Mailbox,
    /// Carries bytes for those who cannot be reached
    Relay,
    /// Is a first address for others to begin with
    Bootstrap,
}

/// `net …`
#[derive(Debug, Subcommand)]
pub enum NetAction {
    /// Try everything there is, and say what to do; exit 0 if all that matters works, else 1
    Test,
}

/// What `doctor` looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DoctorWhat {
    /// The network, and what of the configuration stands in its way
    Network,
    /// The store
    #[value(hide = true)]
    Store,
    /// The terminal
    #[value(hide = true)]
    Terminal,
}

/// How one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PresenceWord {
    /// There
    Online,
    /// Not at the keyboard
    Away,
    /// There, but not to be disturbed
    Busy,
    /// Nobody is called or answered; messages wait
    Invisible,
}

impl PresenceWord {
    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Invisible => "invisible",
        }
    }
}

/// `invite`
#[derive(Debug, Args)]
pub struct Invite {
    /// List or revoke.
    #[command(subcommand)]
    pub action: Option<InviteAction>,
    /// Into this room, as `room link` does
    #[arg(value_name = "#ROOM")]
    pub room: Option<String>,
    /// How many people may use it
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub uses: u32,
    /// How long it lives
    #[arg(long = "for", default_value = "7d", value_name = "TIME")]
    pub for_: Span,
    /// Put no address of yours in it
    #[arg(long)]
    pub private: bool,
    /// Also draw it as a code to scan
    #[arg(long)]
    pub qr: bool,
    /// Accept whoever asks with it, without a question
    #[arg(long)]
    pub auto_accept: bool,
}

/// `invite …`
#[derive(Debug, Subcommand)]
pub enum InviteAction {
    /// Your open invites
    List,
    /// End one
    Revoke {
        /// Which
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// `add`
#[derive(Debug, Args)]
pub struct Add {
    /// The link; - reads it from stdin
    #[arg(value_name = "LINK")]
    pub link: String,
    /// A name for them here
    #[arg(long)]
    pub name: Option<String>,
    /// A note they see with your request
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// `requests …`
#[derive(Debug, Subcommand)]
pub enum RequestAction {
    /// Make them a contact
    Accept {
        /// The account id, or the name if only one fits
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Forget the request; they are not told
    Drop {
        /// The account id, or the name if only one fits
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// `people …`
#[derive(Debug, Subcommand)]
pub enum PeopleAction {
    /// Give a contact another name, here only
    Rename {
        /// Who
        #[arg(value_name = "@WHO")]
        who: String,
        /// The new name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Refuse everything from a contact; they are not told
    Block {
        /// Who
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Undo a block
    Unblock {
        /// Who
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Keep from a contact how you are and when you type
    Hide {
        /// Who
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Undo that
    Show {
        /// Who
        #[arg(value_name = "@WHO")]
        who: String,
    },
    /// Forget a contact; the history stays
    Remove {
        /// Who
        #[arg(value_name = "@WHO")]
        who: String,
    },
}

/// `send`
#[derive(Debug, Args)]
pub struct Send {
    /// @name, #room, me, or an id
    #[arg(value_name = "TO")]
    pub to: String,
    /// The text; without it, or with -, stdin
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// The id of the message it answers
    #[arg(long, value_name = "ID")]
    pub reply: Option<String>,
    /// Return when it is this far
    #[arg(long, value_enum, default_value = "queued", value_name = "LEVEL")]
    pub wait: Level,
    /// Refuse unless the safety number was compared and is still the same
    #[arg(long)]
    pub require_verified: bool,
    /// Your own reference: the same one twice makes one message
    #[arg(long, value_name = "REF")]
    pub client_ref: Option<String>,
    /// A file
    #[arg(long, value_name = "PATH", hide = true)]
    pub file: Vec<PathBuf>,
}

/// How far a message must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// Safely on this disk
    Queued,
    /// A mailbox signed for it
    Mailbox,
    /// A device of every recipient signed for it
    Delivered,
    /// Seen by every recipient
    Read,
}

impl Level {
    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Mailbox => "mailbox",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// `log`
#[derive(Debug, Args)]
pub struct Log {
    /// @name, #room, me, or an id
    #[arg(value_name = "TO")]
    pub to: String,
    /// At most this many, the newest
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: usize,
    /// Only what stands before this message
    #[arg(long, value_name = "ID")]
    pub before: Option<String>,
    /// What stands after this message, the first of it
    #[arg(long, value_name = "ID", conflicts_with = "before")]
    pub after: Option<String>,
    /// This message, and what stands around it
    #[arg(long, value_name = "ID", conflicts_with_all = ["before", "after", "grep"])]
    pub around: Option<String>,
    /// Only what came since: 2d, or a date, or a time
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only messages whose text matches
    #[arg(long, value_name = "RE")]
    pub grep: Option<String>,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
    /// A text to read
    Md,
    /// Lines to read
    Txt,
}

/// `recv`
#[derive(Debug, Args)]
pub struct Recv {
    /// Only these chats
    #[arg(value_name = "TO")]
    pub to: Vec<String>,
    /// Stay, and print what happens from now on as well
    #[arg(long)]
    pub follow: bool,
    /// Print what happened after a cursor; last: since the last recv; now: only what comes
    #[arg(long, value_name = "CURSOR")]
    pub since: Option<String>,
    /// Keep the place in this file: nothing is lost over restarts, something may come twice
    #[arg(long, value_name = "FILE")]
    pub cursor_file: Option<PathBuf>,
    /// Only these: message, hidden, receipt, request, contact, room, presence, typing, compare, near,
    /// network, gap, mailask
    #[arg(long = "type", value_name = "TYPES", value_delimiter = ',')]
    pub types: Vec<String>,
    /// End after this many
    #[arg(long, value_name = "N")]
    pub max: Option<u64>,
    /// Mark printed messages as read
    #[arg(long)]
    pub mark_read: bool,
}

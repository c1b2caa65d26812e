//! What the engine says to a network and hears from it. Plain data: addresses are multiaddr texts, peer ids are
//! bytes, messages are sealed bytes. A network moves them and understands none of it.

/// One connection of the transport, numbered by the network. Never reused within a run.
pub type ConnId = u64;
/// One stream inside a connection. Links we open are numbered by the engine (even), links opened to us by the
/// network (odd). Never reused within a run.
pub type LinkId = u64;
/// One attempt to reach an address, numbered by the engine.
pub type DialId = u64;
/// One record put into the DHT, numbered by the engine.
pub type PublishId = u64;
/// One question to the DHT, numbered by the engine.
pub type LookUpId = u64;

/// How bytes travel between two devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// Over a relay that sees sizes and times.
    Relay,
    /// A direct connection.
    Direct,
    /// A direct connection to an address of a local network.
    Lan,
}

/// The stream protocols (docs/spec/03-live.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkProtocol {
    /// `/starling/1`: between devices that know each other.
    Live,
    /// `/starling/invite/1`: from somebody who holds an invite.
    Invite,
    /// `/starling/knock/1`: "are you one of mine?" on a LAN.
    Knock,
    /// `/starling/mail/1`: with a mailbox. The engine opens such links and never takes them: those opened to us are the
    /// business of the mailbox this node keeps ([`crate::mail`]), if it keeps one.
    Mail,
    /// `/starling/open/1`: about open channels, with whoever is near or a contact (docs/spec/10-open-channels.md).
    Open,
}

impl LinkProtocol {
    /// All of them, for registration.
    pub const ALL: [Self; 5] = [Self::Live, Self::Invite, Self::Knock, Self::Mail, Self::Open];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "/starling/1",
            Self::Invite => "/starling/invite/1",
            Self::Knock => "/starling/knock/1",
            Self::Mail => "/starling/mail/1",
            Self::Open => "/starling/open/1",
        }
    }
}

/// What the network did. Every request is answered: a dial by `Dialed` or `DialFailed`, an open by `LinkOpened` or
/// `LinkClosed`, a publication by `Published`, a look-up by `LookedUp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetEvent {
    /// The addresses others may reach this node at now (listening and observed), as multiaddr texts without
    /// `/p2p`.
    Addresses {
        /// All of them; replaces what was said before.
        addrs: Vec<String>,
    },
    /// A dial ended in a connection. `ConnOpened` for it came before.
    Dialed {
        /// The engine's number.
        dial: DialId,
        /// The connection.
        conn: ConnId,
    },
    /// A dial reached nobody.
    DialFailed {
        /// The engine's number.
        dial: DialId,
        /// For the log and the network view; no secrets in it.
        reason: String,
    },
    /// A connection stands.
    ConnOpened {
        /// Its number.
        conn: ConnId,
        /// The throw-away peer id met at the other end, as bytes.
        peer: Vec<u8>,
        /// The remote address as multiaddr text without `/p2p`.
        addr: String,
        /// Whether this side dialled.
        outbound: bool,
        /// What kind of road it is.
        via: Via,
    },
    /// A connection is gone, and all its links (a `LinkClosed` for each came before).
    ConnClosed {
        /// Its number.
        conn: ConnId,
    },
    /// Somebody runs Starling on this local network.
    LanFound {
        /// Their peer id.
        peer: Vec<u8>,
        /// Where.
        addrs: Vec<String>,
    },
    /// A link is ready for messages.
    LinkOpened {
        /// Its number.
        link: LinkId,
        /// The connection it runs in.
        conn: ConnId,
        /// What it speaks.
        protocol: LinkProtocol,
        /// Whether this side opened it.
        outbound: bool,
        /// Our own peer id on this connection.
        local_peer: Vec<u8>,
        /// The peer id at the other end.
        remote_peer: Vec<u8>,
    },
    /// One whole message (without its length prefix), at most 65,535 bytes.
    LinkData {
        /// The link.
        link: LinkId,
        /// The bytes.
        message: Vec<u8>,
    },
    /// A link ended or could not be opened. Nothing more comes from it.
    LinkClosed {
        /// The link.
        link: LinkId,
    },
    /// A record was handed to the nodes nearest to its key.
    Published {
        /// The engine's number.
        publish: PublishId,
        /// How many of them took it; 0 when the DHT has nobody, or none of them would.
        copies: u32,
    },
    /// A node holds something under a key that was asked for. Anything: it may be old, forged or nonsense, and the
    /// same value may come from several nodes.
    Found {
        /// The engine's number.
        lookup: LookUpId,
        /// The bytes.
        value: Vec<u8>,
    },
    /// Nothing more comes of a look-up.
    LookedUp {
        /// The engine's number.
        lookup: LookUpId,
        /// How many nodes answered.
        asked: u32,
    },
    /// The number of DHT nodes this node knows and can reach has changed.
    Neighbours {
        /// How many there are now.
        count: u32,
    },
    /// DHT nodes worth trying first at the next start, best first, at most [`GOOD_PEERS`]; replaces what was said
    /// before.
    GoodPeers {
        /// Multiaddr texts without `/p2p`.
        addrs: Vec<String>,
    },
    /// The machine slept, or its interfaces changed: what stood may be gone, and who was away may be near.
    Awake,
    /// Something came by gossip. It is told on only when [`NetCommand::Judge`] says so.
    Gossip {
        /// The network's number for it.
        gossip: GossipId,
        /// The topic, one of those subscribed to.
        topic: Topic,
        /// The bytes, at most [`GOSSIP_BYTES`].
        data: Vec<u8>,
    },
}

/// One piece of gossip that waits to be judged, numbered by the network.
pub type GossipId = u64;
/// What gossip is about: an opaque name (docs/spec/09-rooms.md, "Gossip").
pub type Topic = [u8; 32];
/// Bytes of one piece of gossip, at most. Larger ones sent in a row kill links (they pass singly up to twice this).
pub const GOSSIP_BYTES: usize = 32 * 1024;

/// What a piece of gossip is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Good: told on.
    Accept,
    /// Of no use here, and nobody's fault: not told on.
    Ignore,
    /// Nothing an honest node would send: not told on, and held against who sent it.
    Reject,
}

/// Copies of the value that is known already which end a look-up. Liars who repeat it hide a newer one for this time:
/// where three in ten lie, six in a row do so once in 1,400 look-ups. Asking all 20 holders each time costs three times
/// as much.
pub const KNOWN_COPIES: usize = 6;

/// Addresses of DHT nodes that are remembered for the next start. Fewer, and a few weeks of absence strand a node
/// that nobody bootstraps; more is only old news.
pub const GOOD_PEERS: usize = 64;

/// What the network is asked to do. None of these may block the one who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetCommand {
    /// Try the addresses, the better roads a moment before the worse; the first connection wins and the others are
    /// dropped.
    Dial {
        /// The engine's number.
        dial: DialId,
        /// Multiaddr texts without `/p2p`, but for those through a relay, which name the relay and whom to reach:
        /// `…/p2p/RELAY/p2p-circuit/p2p/PEER`.
        addrs: Vec<String>,
    },
    /// Open a stream on a standing connection.
    OpenLink {
        /// The number it shall have.
        link: LinkId,
        /// The connection.
        conn: ConnId,
        /// What it shall speak.
        protocol: LinkProtocol,
    },
    /// Send messages, in order, in one flush. Each is at most 65,535 bytes and gets a u16 big-endian length.
    Write {
        /// The link.
        link: LinkId,
        /// The messages.
        messages: Vec<Vec<u8>>,
    },
    /// End a link after what was written is flushed.
    CloseLink {
        /// The link.
        link: LinkId,
    },
    /// End a connection.
    CloseConn {
        /// The connection.
        conn: ConnId,
    },
    /// A connection to a contact: it is kept when strangers crowd in.
    Hold {
        /// The connection.
        conn: ConnId,
    },
    /// Put a record into the DHT, on the nodes nearest to its key, without naming this one.
    Publish {
        /// The engine's number.
        publish: PublishId,
        /// The key.
        key: [u8; 32],
        /// The value, as `discovery::seal` makes it.
        value: Vec<u8>,
    },
    /// Ask the DHT for everything it has under a key.
    LookUp {
        /// The engine's number.
        lookup: LookUpId,
        /// The key.
        key: [u8; 32],
        /// The BLAKE3 hash of the value that is no news: when [`KNOWN_COPIES`] nodes have it, nobody else is asked.
        known: Option<[u8; 32]>,
    },
    /// Enough was found: ask nobody else. `LookedUp` still comes.
    EndLookUp {
        /// The engine's number.
        lookup: LookUpId,
    },
    /// DHT nodes of earlier runs, to begin with, best first.
    Seeds {
        /// Multiaddr texts without `/p2p`.
        addrs: Vec<String>,
    },
    /// Hear, and tell on, what is said about these topics and no others.
    Topics {
        /// All of them; replaces what was said before.
        topics: Vec<Topic>,
    },
    /// Say something about a topic. It may reach nobody.
    Gossip {
        /// The topic.
        topic: Topic,
        /// At most [`GOSSIP_BYTES`].
        data: Vec<u8>,
    },
    /// A connection to somebody who may know of our topics. Without this, nothing is said there of gossip at all.
    Admit {
        /// The connection.
        conn: ConnId,
        /// Whether the other side is known to be ready: before that it is only listened to.
        both: bool,
    },
    /// What a piece of gossip is worth.
    Judge {
        /// Which.
        gossip: GossipId,
        /// That.
        verdict: Verdict,
    },
}

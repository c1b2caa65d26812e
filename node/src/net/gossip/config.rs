//! How gossipsub is set up: names, sizes and what it holds against whom. Must not keep state of its own but for the set
//! of topics that are heard (docs/spec/09-rooms.md, "Gossip").

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libp2p::gossipsub::{
    AllowAllSubscriptionFilter, Behaviour, Config, ConfigBuilder, ConfigBuilderError, DataTransform,
    IdentTopic, MaxCountSubscriptionFilter, Message, MessageAuthenticity, MessageId, PeerScoreParams,
    PeerScoreThresholds, RawMessage, TopicHash, TopicScoreParams, ValidationMode, Version,
};
use starling_protocol::engine::net::{GOSSIP_BYTES, Topic};

/// The protocol's name: our own, so that nobody else's mesh is joined by chance.
pub(super) const PROTOCOL: &str = "/starling/gossip/1";
/// Topics of one node, ours or a neighbour's: three for each of 170 rooms. What is above is not subscribed to. More
/// does not fit into one hello ([`HELLO_BYTES`]), and is memory for every neighbour.
pub(super) const TOPICS_COUNT: usize = 512;
/// One subscription on the wire: its name in hexadecimal digits, and what says so.
const SUBSCRIPTION_BYTES: usize = 70;
const HELLO_BYTES: usize = TOPICS_COUNT * SUBSCRIPTION_BYTES;
/// All that controls the mesh in one packet: the hello fits, and so does a list of [`IDS_COUNT`] names.
const CONTROL_BYTES: usize = 40 * 1024;
/// One packet. libp2p measures what lies in its buffer, which is a packet and up to 8 KiB of the next: lower, and large
/// ones in a row end the stream. Higher is memory for whoever sends.
const PACKET_BYTES: usize = 64 * 1024;
const _: () = assert!(HELLO_BYTES <= CONTROL_BYTES && CONTROL_BYTES + 16 * 1024 <= PACKET_BYTES);
const _: () = assert!(GOSSIP_BYTES + 16 * 1024 <= PACKET_BYTES);
/// Names of messages told to, or asked of, one neighbour in a second. Each has 34 bytes.
const IDS_COUNT: usize = 1_000;
/// Messages that wait for one neighbour, at most 32 KiB each; what is above is dropped, and comes by comparing. Fewer
/// drops in bursts, more turns loss into seconds of waiting.
const QUEUE_COUNT: usize = 256;
/// How long what was heard is known again: longer than anything wanders through a mesh. Each costs about 150 bytes.
const KNOWN_TIME: Duration = Duration::from_secs(120);

/// Of a neighbour with this score nothing is taken any more: ten rejected messages of late, or some twenty ill-timed
/// grafts. An honest neighbour stays at 0, in the smallest room too: nothing is asked of a mesh that is silent.
const DEAF: f64 = -100.0;
/// With this score nothing of ours is sent to it directly: six rejected messages.
const DUMB: f64 = -36.0;
/// With this score it hears no names of messages: four rejected messages.
const SHY: f64 = -16.0;
/// Ill-timed grafts and promises not kept that are forgiven: a busy or distant neighbour comes to a few.
const FORGIVEN: f64 = 10.0;
/// What is left of ill-timed grafts after a second: a tenth after 22 s.
const BEHAVIOUR_LEFT: f64 = 0.9;
/// What is left of rejected messages after a second: a tenth after four minutes.
const REJECTED_LEFT: f64 = 0.99;

/// Gossipsub as it is used here.
pub(crate) type Inner = Behaviour<Wanted, Filter>;
type Filter = MaxCountSubscriptionFilter<AllowAllSubscriptionFilter>;

/// The topics that are heard. Gossipsub by itself keeps and remembers messages of any topic before it looks whether
/// somebody wants them; this turns them away first, and so what is too large.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted(Arc<Mutex<HashSet<TopicHash>>>);

impl Wanted {
    pub fn add(&self, topic: TopicHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(topic);
    }

    pub fn remove(&self, topic: &TopicHash) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(topic);
    }

    fn wants(&self, message: &RawMessage) -> bool {
        message.data.len() <= GOSSIP_BYTES
            && self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&message.topic)
    }
}

impl DataTransform for Wanted {
    fn inbound_transform(&self, raw: RawMessage) -> Result<Message, io::Error> {
        if !self.wants(&raw) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Message {
            source: raw.source,
            data: raw.data,
            sequence_number: raw.sequence_number,
            topic: raw.topic,
        })
    }

    fn outbound_transform(&self, _: &TopicHash, data: Vec<u8>) -> Result<Vec<u8>, io::Error> {
        Ok(data)
    }
}

/// What gossipsub calls a topic.
pub(super) fn name(topic: &Topic) -> IdentTopic {
    IdentTopic::new(blake3::Hash::from_bytes(*topic).to_hex().as_str())
}

/// A message's name: of its topic and its bytes. Of the bytes alone, whoever repeats them under another topic, where
/// they are nonsense, would have the true message taken for known.
pub(super) fn id(message: &Message) -> MessageId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(message.topic.as_str().as_bytes()).update(&[0]).update(&message.data);
    MessageId::new(hasher.finalize().as_bytes())
}

fn config() -> Result<Config, ConfigBuilderError> {
    ConfigBuilder::default()
        .protocol_id(PROTOCOL, Version::V1_1)
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(id)
        .max_transmit_size(PACKET_BYTES)
        .max_control_message_size(CONTROL_BYTES)
        .max_control_messages_sent(IDS_COUNT)
        .connection_handler_queue_len(QUEUE_COUNT)
        .duplicate_cache_time(KNOWN_TIME)
        .flood_publish(true)
        .build()
}

/// A gossipsub that knows nobody, and the set of topics it hears. Fails only if the settings above contradict each other.
pub(super) fn inner() -> Result<(Inner, Wanted), String> {
    let filter = Filter {
        filter: AllowAllSubscriptionFilter {},
        max_subscribed_topics: TOPICS_COUNT,
        max_subscriptions_per_request: TOPICS_COUNT,
    };
    let wanted = Wanted::default();
    let config = config().map_err(|error| error.to_string())?;
    let anonymous = MessageAuthenticity::Anonymous;
    let mut inner =
        Inner::new_with_subscription_filter_and_transform(anonymous, config, filter, wanted.clone())?;
    inner.with_peer_score(scores(), thresholds())?;
    Ok((inner, wanted))
}

fn thresholds() -> PeerScoreThresholds {
    PeerScoreThresholds {
        gossip_threshold: SHY,
        publish_threshold: DUMB,
        graylist_threshold: DEAF,
        accept_px_threshold: 0.0,
        opportunistic_graft_threshold: 0.0,
    }
}

/// Only what no honest node does is counted. Not counted: slowness, silence, and how many share an address.
fn scores() -> PeerScoreParams {
    PeerScoreParams {
        app_specific_weight: 0.0,
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_weight: -1.0,
        behaviour_penalty_threshold: FORGIVEN,
        behaviour_penalty_decay: BEHAVIOUR_LEFT,
        slow_peer_weight: 0.0,
        // Every connection is a neighbour of its own: none comes again.
        retain_score: Duration::ZERO,
        ..PeerScoreParams::default()
    }
}

/// What a topic adds to the score: nothing but rejected messages, and once it is `left` nothing at all, so that what
/// was under way does no harm to who sent it.
pub(super) fn topic_scores(left: bool) -> TopicScoreParams {
    TopicScoreParams {
        topic_weight: if left { 0.0 } else { 1.0 },
        time_in_mesh_weight: 0.0,
        first_message_deliveries_weight: 0.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -1.0,
        invalid_message_deliveries_decay: REJECTED_LEFT,
        ..TopicScoreParams::default()
    }
}

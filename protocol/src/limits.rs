//! Every bound of the protocol by name, with its unit and why (docs/spec/00-conventions.md, "Limits"). What is
//! over a bound is refused with a reason, never cut silently.

/// Bytes of one wire frame. Larger values would let a peer make us hold more than a turn's work; smaller ones
/// would split ordinary texts.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Bytes of anything that is ever decoded, whatever its kind.
pub const DECODE_BYTES: usize = 256 * 1024;
/// Bytes (UTF-8) of one message's text. With padding, Olm and framing it stays below [`FRAME_BYTES`].
pub const TEXT_BYTES: usize = 32 * 1024;
/// Characters of a profile or contact name, before the width limit of [`NAME_COLUMNS`].
pub const NAME_CHARS: usize = 64;
/// Terminal columns of a name.
pub const NAME_COLUMNS: usize = 32;
/// Characters of the note in a contact request.
pub const NOTE_CHARS: usize = 200;
/// Bytes (UTF-8) of one reaction: one emoji cluster with all its joiners.
pub const REACTION_BYTES: usize = 32;
/// Devices in one manifest.
pub const DEVICES: usize = 8;
/// Revoked devices kept in one manifest.
pub const REVOKED: usize = 64;
/// Addresses in one card.
pub const ADDRESSES: usize = 8;
/// Bytes of one address as text.
pub const ADDRESS_BYTES: usize = 256;
/// Hints in one invite.
pub const INVITE_HINTS: usize = 3;
/// Live invites of one account.
pub const INVITES: usize = 64;
/// Open contact requests kept; further ones are refused until some are answered.
pub const REQUESTS: usize = 128;
/// Contacts of one account.
pub const CONTACTS: usize = 2_000;
/// Undelivered messages kept for one device. The next one is refused with a reason.
pub const OUTBOX_MESSAGES: usize = 20_000;
/// Bytes of undelivered messages kept for one device.
pub const OUTBOX_BYTES: usize = 64 * 1024 * 1024;
/// Messages on the way to one device before its acks must come. Too low idles fast links; too high floods a slow
/// reader's reorder buffer.
pub const IN_FLIGHT_MESSAGES: usize = 256;
/// Messages held in front of one ratchet session, waiting for an earlier one.
pub const REORDER_MESSAGES: usize = 512;
/// Items in one ack.
pub const ACK_ITEMS: usize = 256;
/// Ratchet sessions kept with one device.
pub const SESSIONS: usize = 4;
/// Ids remembered per device for refusing a message that comes again.
pub const RECENT_IDS: usize = 4_096;

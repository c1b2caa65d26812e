//! Where a mailbox is, told by itself, for whoever knows its id and cannot reach it (docs/spec/07-discovery.md, "Place").
//! Who keeps mail for others and moves is found again by it.

use super::MailKey;
use crate::ids::MailboxId;
use crate::kdf;
use crate::limits::{ADDRESS_BYTES, ADDRESSES};
use crate::wire::{self, Signed};
use serde::{Deserialize, Serialize};

pub(super) const DOMAIN: &str = "mailbox place";

/// Where a mailbox is. The one made last holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// At most [`ADDRESSES`] multiaddr texts without `/p2p`, best first.
    pub addrs: Vec<String>,
    /// When it was told, in Unix seconds by the mailbox's clock.
    pub made_s: u64,
}

impl Place {
    /// The rendezvous secret under which a mailbox's place lies in the DHT: known to whoever knows the mailbox.
    pub fn rv(mailbox: &MailboxId) -> [u8; 32] {
        kdf::derive(DOMAIN, &[&mailbox.0])
    }

    /// Signs it; `None` if it is over a bound.
    pub fn sign(&self, key: &MailKey) -> Option<Signed> {
        self.is_possible().then(|| wire::encode(self).ok()).flatten().map(|body| key.sign(DOMAIN, body))
    }

    /// The place, if `mailbox` signed it and it is within the bounds.
    pub fn open(signed: &Signed, mailbox: &MailboxId) -> Option<Self> {
        kdf::verify(&mailbox.0, DOMAIN, &signed.body, &signed.sig).ok()?;
        wire::decode(&signed.body).ok().filter(Self::is_possible)
    }

    fn is_possible(&self) -> bool {
        let fits =
            |addr: &String| addr.len() <= ADDRESS_BYTES && addr.bytes().all(|byte| byte.is_ascii_graphic());
        self.addrs.len() <= ADDRESSES && self.addrs.iter().all(fits)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identity::DeviceKeys;

    fn key(seed: u8) -> MailKey {
        MailKey::of(&DeviceKeys::from_entropy([seed; 64]))
    }

    fn place(count: usize) -> Place {
        Place { addrs: vec!["/ip4/192.0.2.1/udp/4164/quic-v1".to_owned(); count], made_s: 7 }
    }

    #[test]
    fn a_place_is_believed_of_who_signed_it_only() {
        let (mailbox, other) = (key(1), key(2));
        let signed = place(2).sign(&mailbox).unwrap();
        assert_eq!(Place::open(&signed, &mailbox.id()), Some(place(2)));
        assert_eq!(Place::open(&signed, &other.id()), None);
        assert_eq!(Place::open(&place(2).sign(&other).unwrap(), &mailbox.id()), None);
        let promise = mailbox.sign("promise", signed.body);
        assert_eq!(Place::open(&promise, &mailbox.id()), None, "signed for something else");
    }

    #[test]
    fn a_place_over_a_bound_is_neither_made_nor_taken() {
        assert!(place(ADDRESSES).sign(&key(1)).is_some());
        let many = place(ADDRESSES + 1);
        assert_eq!(many.sign(&key(1)), None);
        let signed = key(1).sign(DOMAIN, wire::encode(&many).unwrap());
        assert_eq!(Place::open(&signed, &key(1).id()), None);
        for addr in ["a b".to_owned(), "x".repeat(ADDRESS_BYTES + 1)] {
            let odd = Place { addrs: vec![addr], made_s: 7 };
            let signed = key(1).sign(DOMAIN, wire::encode(&odd).unwrap());
            assert_eq!(Place::open(&signed, &key(1).id()), None);
        }
    }

    #[test]
    fn places_of_two_mailboxes_lie_apart() {
        assert_ne!(Place::rv(&key(1).id()), Place::rv(&key(2).id()));
        assert_ne!(Place::rv(&key(1).id()), key(1).id().0);
    }
}

//! The devices of contacts: which there are, by the newest manifest, and who calls (docs/spec/02-identity.md,
//! "Manifest").

use super::net::LinkId;
use super::peer::Peer;
use super::state::{DeviceRecord, key};
use super::step::{Change, MessageState, Space};
use super::{Engine, Timer};
use crate::identity::{Card, Manifest};
use crate::ids::{AccountId, ChatId, DeviceId};
use crate::wire::Signed;

impl Engine {
    /// The devices of a contact's newest manifest: new ones are added, those not listed any more are dropped with
    /// their sessions.
    pub(super) fn take_devices(&mut self, account: AccountId, manifest: &Manifest) {
        for entry in &manifest.devices {
            self.peers.entry(entry.id).or_insert_with(|| {
                Peer::new(
                    entry.id,
                    DeviceRecord {
                        account,
                        sig: entry.sig,
                        noise: entry.noise,
                        olm: entry.olm,
                        fallback: None,
                        card_seq: 0,
                        addrs: Vec::new(),
                        reset_lived_ms: None,
                        tombstones: Vec::new(),
                        sending: None,
                        seal: None,
                        mailboxes: Vec::new(),
                    },
                )
            });
            self.active_peers.insert(entry.id);
        }
        let heirs: Vec<DeviceId> = manifest.devices.iter().map(|entry| entry.id).collect();
        let gone: Vec<DeviceId> =
            self.devices_of(account).into_iter().filter(|device| manifest.device(device).is_none()).collect();
        for device in gone {
            self.drop_device(device, &heirs);
        }
    }

    /// A device that an account listed without holding its keys, found out by the card of the one who does.
    pub(super) fn evict(&mut self, device: DeviceId) {
        let account = self.peers.get(&device).map(Peer::account);
        let manifest = account
            .and_then(|account| {
                let contact = self.contacts.get(&account).and_then(|contact| contact.manifest.as_ref());
                contact.or_else(|| self.fellow_manifest(&account))
            })
            .and_then(|signed| Manifest::open(signed).ok());
        if let Some(manifest) = manifest {
            let heirs: Vec<DeviceId> = manifest.devices.iter().map(|entry| entry.id).collect();
            self.drop_device(device, &heirs);
        }
    }

    /// A device that is no more. What waited for it goes to the devices that are left.
    pub(super) fn drop_device(&mut self, device: DeviceId, heirs: &[DeviceId]) {
        self.show_parked(device);
        let links: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| link.device == Some(device)).map(|(id, _)| *id).collect();
        for link in links {
            self.close_link(link);
        }
        self.timers.clear(&Timer::Dial(device));
        let Some(mut peer) = self.peers.remove(&device) else { return };
        self.active_peers.remove(&device);
        self.change(Change::Drop { space: Space::Device, key: key::device(&device) });
        self.forget_post(device);
        self.drop_records(&peer);
        let lived_ms = self.lived_ms();
        let rows: Vec<u64> = peer.outbox.keys().copied().collect();
        for number in rows {
            let Some(mut row) = peer.drop_row(number) else { continue };
            self.change(Change::Drop { space: Space::Outbox, key: key::numbered(&device, number) });
            self.change(Change::Drop { space: Space::Custody, key: key::numbered(&device, number) });
            let Ok(content) = crate::wire::decode::<crate::content::Content>(&row.content) else { continue };
            row.part = None;
            row.attempt = row.attempt.saturating_add(1);
            let mut inherited = false;
            for heir in heirs {
                if let Some(heir) = self.peers.get_mut(heir).filter(|heir| heir.account() == peer.account()) {
                    inherited = true;
                    if !heir.by_message.contains_key(&row.msg_id) {
                        heir.enqueue(&self.own.olm, &content, row.clone(), lived_ms);
                        self.active_peers.insert(heir.id);
                    }
                }
            }
            if !inherited && row.visible {
                let reason = Some("their device is gone".to_owned());
                let (account, at) = (peer.account(), self.now.wall_ms);
                let state = MessageState::Failed;
                self.change(Change::State { message: row.msg_id, account, state, reason, at });
            }
        }
    }

    /// Our chain in a chat that nobody reads any more.
    pub(super) fn forget_stream(&mut self, chat: ChatId) {
        self.streams_out.remove(&chat);
        self.dirty_out.remove(&chat);
        self.change(Change::Drop { space: Space::Stream, key: key::stream(&self.own.device_id, &chat) });
    }

    /// Nothing of a dropped device stays on the disk, except what was shown.
    fn drop_records(&mut self, peer: &Peer) {
        let device = peer.id;
        for session in peer.sessions.keys() {
            self.change(Change::Drop { space: Space::Session, key: key::session(&device, session) });
        }
        for (session, reorder) in &peer.reorder {
            for order in reorder.held_orders() {
                self.change(Change::Drop { space: Space::Held, key: key::held(&device, session, order) });
            }
        }
        for (number, _) in &peer.recent {
            self.change(Change::Drop { space: Space::Seen, key: key::numbered(&device, *number) });
        }
        let chat = ChatId::from(peer.account());
        self.streams_in.remove(&(device, chat));
        self.dirty_in.remove(&(device, chat));
        self.change(Change::Drop { space: Space::Stream, key: key::stream(&device, &chat) });
        for timer in
            [Timer::Answer(device), Timer::Held(device), Timer::Seal(device), Timer::Gap(device, chat)]
        {
            self.timers.clear(&timer);
        }
    }

    /// A device of a contact (or of somebody we asked) that holds a Noise key.
    pub(super) fn known_caller(&self, noise: &[u8; 32]) -> Option<DeviceId> {
        self.peers
            .values()
            .find(|peer| peer.record.noise == *noise && self.may_talk(&peer.account()))
            .map(|peer| peer.id)
    }

    /// Who the first frame of a caller says it is: the device of its card, if it holds the key that was proven. An
    /// account may have listed another's key as its own, so the key alone does not tell.
    pub(super) fn caller_of(&self, known: DeviceId, card: &Signed) -> Option<DeviceId> {
        let (card, manifest) = Card::open(card).ok()?;
        let noise = self.peers.get(&known)?.record.noise;
        let peer = self.peers.get(&card.device)?;
        let holds = peer.record.noise == noise && peer.account() == manifest.account;
        (holds && self.may_talk(&peer.account())).then_some(card.device)
    }
}

//! The devices of contacts: which there are, by the newest manifest, and who calls (docs/spec/02-identity.md,
//! "Manifest").

use super::command::ContactState;
use super::net::LinkId;
use super::peer::Peer;
use super::state::{DeviceRecord, key};
use super::step::{Change, Space};
use super::{Engine, Timer};
use crate::identity::Manifest;
use crate::ids::{AccountId, DeviceId};

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
                    },
                )
            });
            self.active_peers.insert(entry.id);
        }
        let gone: Vec<DeviceId> =
            self.devices_of(account).into_iter().filter(|device| manifest.device(device).is_none()).collect();
        for device in gone {
            self.drop_device(device, manifest);
        }
    }

    /// A device that is no more. What waited for it goes to the devices that are left.
    fn drop_device(&mut self, device: DeviceId, manifest: &Manifest) {
        let links: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| link.device == Some(device)).map(|(id, _)| *id).collect();
        for link in links {
            self.close_link(link);
        }
        self.timers.clear(&Timer::Dial(device));
        let Some(mut peer) = self.peers.remove(&device) else { return };
        self.active_peers.remove(&device);
        self.change(Change::Drop { space: Space::Device, key: key::device(&device) });
        let sessions: Vec<_> = peer.sessions.keys().copied().collect();
        for session in sessions {
            self.change(Change::Drop { space: Space::Session, key: key::session(&device, &session) });
        }
        let lived_ms = self.lived_ms();
        let heirs: Vec<DeviceId> = manifest.devices.iter().map(|entry| entry.id).collect();
        let rows: Vec<u64> = peer.outbox.keys().copied().collect();
        for number in rows {
            let Some(mut row) = peer.drop_row(number) else { continue };
            self.change(Change::Drop { space: Space::Outbox, key: key::numbered(&device, number) });
            let Ok(content) = crate::wire::decode::<crate::content::Content>(&row.content) else { continue };
            row.part = None;
            row.attempt = row.attempt.saturating_add(1);
            for heir in &heirs {
                if let Some(peer) = self.peers.get_mut(heir)
                    && !peer.by_message.contains_key(&row.msg_id)
                {
                    peer.enqueue(&self.own.olm, &content, row.clone(), lived_ms);
                    self.active_peers.insert(*heir);
                }
            }
        }
    }

    /// The device of a contact (or of somebody we asked) that holds a Noise key.
    pub(super) fn known_caller(&self, noise: &[u8; 32]) -> Option<DeviceId> {
        self.peers
            .values()
            .find(|peer| peer.record.noise == *noise)
            .filter(|peer| {
                self.contacts.get(&peer.account()).is_some_and(|contact| {
                    matches!(contact.state, ContactState::Accepted | ContactState::Pending)
                })
            })
            .map(|peer| peer.id)
    }
}

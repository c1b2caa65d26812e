//! Cards that travel by mailboxes: ours inside envelopes, theirs in the card slot of a queue (docs/spec/08-mail.md,
//! "Posting").

use super::super::Engine;
use super::Ask;
use super::post::{KEY_DAYS, place_of};
use crate::discovery::{self, Slot, SlotOwner};
use crate::ids::{AccountId, DeviceId, MailboxId};
use crate::kdf;
use crate::mail::Request;
use crate::time::HOUR_MS;
use crate::wire::Signed;
use std::collections::BTreeMap;

/// A device's newer card is asked of its mailboxes not more often than this.
const CARD_MS: u64 = HOUR_MS;

/// Which cards were told, and asked for.
#[derive(Default)]
pub(in super::super) struct Cards {
    /// The hash of the card of ours that each device has by mail, in this run.
    told: BTreeMap<DeviceId, [u8; 32]>,
    /// When each device's mailboxes were last asked for its card.
    asked: BTreeMap<DeviceId, u64>,
}

impl Cards {
    /// A device is gone.
    pub fn forget(&mut self, device: DeviceId) {
        self.told.remove(&device);
        self.asked.remove(&device);
    }

    /// A device's mailboxes may be asked for its card again.
    pub fn ask_again(&mut self, device: DeviceId) {
        self.asked.remove(&device);
    }
}

impl Engine {
    /// Our card for a device, if it does not have it by mail.
    pub(super) fn news_for(&mut self, device: DeviceId) -> Option<Signed> {
        let account = self.peers.get(&device)?.account();
        let card = self.card_for(account)?;
        let told = self.mail.cards.told.get(&device);
        (told != Some(&kdf::hash(&card.body))).then_some(card)
    }

    /// Our card as a contact gets it.
    fn card_for(&mut self, account: AccountId) -> Option<Signed> {
        let rv = self.rv_out_for(&account)?;
        self.own_card(&rv)
    }

    /// A device has this card of ours in a mailbox.
    pub(super) fn card_told(&mut self, device: DeviceId, card: Option<[u8; 32]>) {
        if let Some(card) = card {
            self.mail.cards.told.insert(device, card);
        }
    }

    // ---- theirs ----------------------------------------------------------------------------------------------

    /// Asks the mailboxes of a device, but not `silent`, for its newest card.
    pub(super) fn ask_for_card(&mut self, device: DeviceId, silent: Option<MailboxId>) {
        let now_ms = self.now.mono_ms;
        let last = self.mail.cards.asked.get(&device);
        if last.is_some_and(|last| now_ms.saturating_sub(*last) < CARD_MS) {
            return;
        }
        self.mail.cards.asked.insert(device, now_ms);
        for mailbox in self.mailboxes_of(device).into_iter().filter(|mailbox| Some(mailbox.id) != silent) {
            let (queue, token) = (mailbox.queue, mailbox.deposit);
            let request = Request::GetCard { queue, token };
            let _ = self.ask_mailbox(&place_of(&mailbox), Ask::GetCard(device), request);
        }
    }

    /// What lies in the card slot of a device's queue: a record as in the DHT, of some day.
    pub(super) fn on_card_slot(&mut self, device: DeviceId, record: &[u8]) {
        let Some(account) = self.peers.get(&device).map(super::super::Peer::account) else { return };
        if let Some(signed) = self.open_card_slot(account, record) {
            let _ = self.take_card(Some(device), &signed);
        }
    }

    fn open_card_slot(&self, account: AccountId, record: &[u8]) -> Option<Signed> {
        let today = discovery::day_of(self.now.wall_ms);
        let days = (today.saturating_sub(KEY_DAYS)..=today.saturating_add(1)).rev();
        let slots = self
            .rvs_in(&account)
            .into_iter()
            .flat_map(|rv| days.clone().map(move |day| Slot { rv, who: SlotOwner::Account, day }));
        slots.into_iter().find_map(|slot| discovery::open(&slot, record).ok())
    }
}

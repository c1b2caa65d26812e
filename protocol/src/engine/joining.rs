//! The invite stream on both ends: a joiner brings a request, an inviter hears it (docs/spec/03-live.md,
//! "Stream").

use super::Engine;
use super::links::{LinkState, Purpose};
use super::live::{self, FrameOut};
use super::net::LinkId;
use crate::ids::{AccountId, InviteId};
use crate::invite::Invite;
use crate::noise::{Transport, invite};
use crate::wire::{self, Signed};

impl Engine {
    pub(super) fn hear_joiner(&mut self, link: LinkId, message: &[u8]) -> Option<LinkState> {
        let (tag, noise) = message.split_first_chunk::<16>()?;
        let entry = self.links.get(&link).filter(|_| !self.is_invisible())?;
        let (joiner_peer, inviter_peer) = (entry.remote_peer.clone(), entry.local_peer.clone());
        let invite = self.live_invites().into_iter().find(|invite| {
            subtle::ConstantTimeEq::ct_eq(&invite.tag(&joiner_peer, &inviter_peer)[..], &tag[..]).into()
        })?;
        let private = self.invites.get(&invite.id()).is_some_and(|record| record.private);
        let card = self.invite_card(&invite.secret, private)?;
        let card = wire::encode(&card).ok()?;
        let secret = self.own.device.noise_secret();
        let (inviter, answer) =
            invite::Inviter::answer(secret, &invite, &joiner_peer, &inviter_peer, noise, &card).ok()?;
        self.write(link, vec![answer]);
        Some(LinkState::Inviting(Box::new(inviter), invite.id()))
    }

    pub(super) fn met_inviter(
        &mut self,
        link: LinkId,
        joiner: invite::Joiner,
        message: &[u8],
    ) -> Option<LinkState> {
        let Purpose::Join(account) = self.links.get(&link)?.purpose.clone() else { return None };
        let invite = self.join_invite(account)?;
        let ready = joiner.read(message).ok()?;
        let signed: Signed = wire::decode(ready.card()).ok()?;
        let (card, _) = invite.open_card(&signed, ready.remote_static()).ok()?;
        self.take_card(None, &signed)?;
        let request = self.request_for(&invite)?;
        let (mut transport, third) = ready.finish().ok()?;
        let frame = FrameOut::Request(request).encode().ok()?;
        let mut messages = vec![third];
        messages.extend(transport.seal(&frame).ok()?);
        self.write(link, messages);
        self.learn_address(link, card.device);
        Some(LinkState::Asked(Box::new(transport)))
    }

    pub(super) fn was_held(
        &mut self,
        link: LinkId,
        mut transport: Box<Transport>,
        message: &[u8],
    ) -> Option<LinkState> {
        let Some(frame) = transport.open(message).ok()? else { return Some(LinkState::Asked(transport)) };
        if live::is_held(&frame) {
            let Purpose::Join(account) = self.links.get(&link)?.purpose.clone() else { return None };
            self.join_done(account);
        }
        None
    }

    pub(super) fn hear_request(
        &mut self,
        link: LinkId,
        mut transport: Box<Transport>,
        invite: InviteId,
        remote: [u8; 32],
        message: &[u8],
    ) -> Option<LinkState> {
        let Some(frame) = transport.open(message).ok()? else {
            return Some(LinkState::Hearing(transport, invite, remote));
        };
        let signed = live::request_of(&frame)?;
        let conn = self.links.get(&link)?.conn;
        self.on_request(&signed, invite, &remote, conn)?;
        // Written after the commit of this turn, like everything: the request is on disk when they hear of it.
        let held = transport.seal(&FrameOut::Held.encode().ok()?).ok()?;
        self.write(link, held);
        None
    }

    /// The invite we joined an account by, while it is not answered.
    pub(super) fn join_invite(&self, account: AccountId) -> Option<Invite> {
        let join = self.contacts.get(&account)?.join.as_ref()?;
        Some(Invite { root: account, secret: join.secret, hints: join.hints.clone() })
    }
}

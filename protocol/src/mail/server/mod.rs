//! The server of a mailbox (docs/spec/08-mail.md, "Server"): it decides what each stream may do and is told. No IO:
//! messages of streams in, messages for streams out, and everything it holds is on a [`Shelf`].
//!
//! ```text
//!  a stream:  ──Hello──► visitor ──Open──► owner ──Leave, or a later stream of the same box──► visitor
//!             visitor: Deposit, Withdraw, GetCard, Keep, Read (is told News)
//!             owner: those, Register … Ack, Fetch; is told News
//! ```
//!
//! What comes out of [`Server::outputs`] may only be acted on after what the shelf was told is committed; when that
//! fails, [`Server::undo`]. It must not know what is in an envelope, nor who deposits it.

mod books;
#[doc(hidden)]
pub mod conformance;
pub mod limits;
mod memory;
mod owner;
mod shared;
pub mod shelf;
#[cfg(test)]
mod tests;
mod visitor;

use super::words::{Answer, Refused, Request};
use super::{MailKey, Pieces, keys, split};
use crate::engine::net::LinkId;
use crate::kdf;
use crate::time::Now;
pub use limits::Limits;
use limits::{ANSWERS_BYTES, BELIEVED_PAUSE_MS, EXPIRED, GRANTS_SHOWN, IDLE_MS, TICK_MS, WRONG_TOKENS};
pub use memory::MemoryShelf;
use shelf::{BoxId, BoxRow, Noted, QueueRow};
pub use shelf::{GrantUse, Shelf, ShelfError};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq as _;

/// What is to be done once the shelf has committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send messages, in order.
    Write {
        /// To which stream.
        link: LinkId,
        /// The messages, as the transport takes them.
        messages: Vec<Vec<u8>>,
    },
    /// End a stream after what was written.
    Close {
        /// Which.
        link: LinkId,
    },
    /// It is an owner's: its connection is kept when strangers crowd in.
    Hold {
        /// Which.
        link: LinkId,
    },
}

/// What a mailbox holds, for its operator: no identities.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Boxes.
    pub boxes: u64,
    /// Queues in them.
    pub queues: u64,
    /// Envelopes in those.
    pub envelopes: u64,
    /// Bytes of envelopes and cards.
    pub bytes: u64,
    /// Bytes it may hold.
    pub disk_limit: u64,
    /// Streams that stand.
    pub links: u64,
    /// Grants that have boxes or were taken back, at most [`GRANTS_SHOWN`].
    pub grants: Vec<GrantUse>,
}

/// One stream.
struct Link {
    local_peer: Vec<u8>,
    remote_peer: Vec<u8>,
    pieces: Pieces,
    greeted: bool,
    /// Whose box it is the owner's stream of.
    open: Option<BoxId>,
    /// Everything was fetched: what comes now is news.
    caught_up: bool,
    /// Boxes with a shared queue that was read on it, and whether to its end.
    reads: BTreeMap<BoxId, bool>,
    wrong_tokens: u32,
    heard_ms: u64,
    /// Bytes of answers since the last [`Server::outputs`].
    waiting_bytes: usize,
}

/// Lived time: what the shelf had when it was read, and when that was.
#[derive(Clone, Copy)]
struct Clock {
    lived_ms: u64,
    mono_ms: u64,
}

/// A mailbox.
pub struct Server {
    key: MailKey,
    limits: Limits,
    links: BTreeMap<LinkId, Link>,
    owners: BTreeMap<BoxId, LinkId>,
    outputs: Vec<Output>,
    /// Bytes of answers in them.
    answers_bytes: usize,
    clock: Option<Clock>,
    /// When lived time was noted on the shelf.
    noted_mono_ms: Option<u64>,
}

impl Server {
    /// A mailbox with its key.
    pub fn new(key: MailKey, limits: Limits) -> Self {
        Self {
            key,
            limits,
            links: BTreeMap::new(),
            owners: BTreeMap::new(),
            outputs: Vec::new(),
            answers_bytes: 0,
            clock: None,
            noted_mono_ms: None,
        }
    }

    /// Its key.
    pub fn key(&self) -> &MailKey {
        &self.key
    }

    /// A stream was opened to it. Both peer ids are those of the connection.
    pub fn opened(&mut self, link: LinkId, local_peer: Vec<u8>, remote_peer: Vec<u8>, now: Now) {
        self.closed(link);
        let of_peer = self.links.values().filter(|held| held.remote_peer == remote_peer).count();
        let room = of_peer < self.limits.links_per_peer && self.make_room();
        if !room {
            self.outputs.push(Output::Close { link });
            return;
        }
        let new = Link {
            local_peer,
            remote_peer,
            pieces: Pieces::default(),
            greeted: false,
            open: None,
            caught_up: false,
            reads: BTreeMap::new(),
            wrong_tokens: 0,
            heard_ms: now.mono_ms,
            waiting_bytes: 0,
        };
        self.links.insert(link, new);
    }

    /// Whether there is room for one stream more: the visitor that was quiet longest makes it.
    fn make_room(&mut self) -> bool {
        if self.links.len() < self.limits.links {
            return true;
        }
        let visitors = self.links.iter().filter(|(_, held)| held.open.is_none());
        let Some(quiet) = visitors.min_by_key(|(_, held)| held.heard_ms).map(|(link, _)| *link) else {
            return false;
        };
        self.close(quiet);
        true
    }

    /// A message came.
    ///
    /// # Errors
    /// [`ShelfError`]: call [`Server::undo`] and roll the shelf back.
    pub fn message(
        &mut self,
        link: LinkId,
        message: &[u8],
        shelf: &mut dyn Shelf,
        now: Now,
    ) -> Result<(), ShelfError> {
        let Some(held) = self.links.get_mut(&link) else { return Ok(()) };
        held.heard_ms = now.mono_ms;
        let request = match held.pieces.push(message) {
            Ok(None) => return Ok(()),
            Ok(Some(frame)) => Request::decode(&frame),
            Err(error) => Err(error),
        };
        match request {
            Ok(Some(request)) => self.request(link, request, shelf, now),
            Ok(None) => {
                self.refuse(link, Refused::Malformed);
                Ok(())
            }
            Err(_) => {
                self.close(link);
                Ok(())
            }
        }
    }

    fn request(
        &mut self,
        link: LinkId,
        request: Request,
        shelf: &mut dyn Shelf,
        now: Now,
    ) -> Result<(), ShelfError> {
        let Some(held) = self.links.get_mut(&link) else { return Ok(()) };
        if let Request::Hello { nonce } = request {
            held.greeted = true;
            let sig = self.key.greet(&nonce, &held.remote_peer, &held.local_peer);
            self.answer(link, &Answer::Welcome(sig));
            return Ok(());
        }
        if !held.greeted {
            self.refuse(link, Refused::Malformed);
            return Ok(());
        }
        if held.waiting_bytes > ANSWERS_BYTES {
            self.refuse(link, Refused::Busy);
            return Ok(());
        }
        let lived_ms = self.lived_ms(shelf, now)?;
        let answer = match request {
            Request::Hello { .. } => Err(Refused::Malformed),
            Request::Open { token, grant, run } => self.open(link, &token, grant.as_ref(), run, shelf)?,
            Request::Deposit { queue, token, envelope } => {
                let at_s = u64::try_from(now.wall_ms).unwrap_or(0) / 1_000;
                self.deposit(&queue, &token, &envelope, (lived_ms, at_s), shelf)?
            }
            Request::Withdraw { queue, token, hashes } => self.withdraw(&queue, &token, &hashes, shelf)?,
            Request::GetCard { queue, token } => self.give_card(&queue, &token, shelf)?,
            Request::Keep { token, grant, entry } => self.keep(&token, grant.as_ref(), entry, shelf)?,
            Request::Read { token, after, bytes } => self.read(link, &token, after, bytes, shelf)?,
            owners => match self.home(link, shelf)? {
                None => Err(Refused::Malformed),
                Some(home) => self.owner_request(link, home, owners, shelf)?,
            },
        };
        match answer {
            Ok(answer) => self.answer(link, &answer),
            Err(Refused::Unknown) => self.wrong_token(link),
            Err(why) => self.refuse(link, why),
        }
        Ok(())
    }

    /// The box that a stream is the owner's of.
    fn home(&mut self, link: LinkId, shelf: &mut dyn Shelf) -> Result<Option<BoxRow>, ShelfError> {
        let Some(id) = self.links.get(&link).and_then(|held| held.open) else { return Ok(None) };
        let home = shelf.box_row(id)?;
        if home.is_none() {
            self.shut(link);
        }
        Ok(home)
    }

    /// The stream is nobody's owner any more.
    fn shut(&mut self, link: LinkId) {
        if let Some(held) = self.links.get_mut(&link)
            && let Some(id) = held.open.take()
            && self.owners.get(&id) == Some(&link)
        {
            self.owners.remove(&id);
        }
    }

    /// The queue that a token allows to write to. Whether it is the token or the queue that is wrong is not to be seen.
    fn allowed(
        queue: &[u8; 16],
        token: &[u8; 32],
        shelf: &mut dyn Shelf,
    ) -> Result<Option<QueueRow>, ShelfError> {
        let row = shelf.queue(queue)?;
        let wanted = row.as_ref().map_or([0; 32], |row| row.deposit);
        let right: bool = kdf::hash(token).ct_eq(&wanted).into();
        Ok(row.filter(|_| right))
    }

    fn wrong_token(&mut self, link: LinkId) {
        self.refuse(link, Refused::Unknown);
        let Some(held) = self.links.get_mut(&link) else { return };
        held.wrong_tokens = held.wrong_tokens.saturating_add(1);
        if held.wrong_tokens >= WRONG_TOKENS {
            self.close(link);
        }
    }

    fn refuse(&mut self, link: LinkId, why: Refused) {
        self.answer(link, &Answer::Refused(why));
    }

    fn answer(&mut self, link: LinkId, answer: &Answer) {
        let Some(held) = self.links.get_mut(&link) else { return };
        // An answer that cannot be said would put all later ones out of order.
        let Ok(frame) = answer.encode() else { return self.close(link) };
        held.waiting_bytes = held.waiting_bytes.saturating_add(frame.len());
        self.answers_bytes = self.answers_bytes.saturating_add(frame.len());
        match self.outputs.last_mut() {
            Some(Output::Write { link: last, messages }) if *last == link => messages.extend(split(&frame)),
            _ => self.outputs.push(Output::Write { link, messages: split(&frame) }),
        }
    }

    fn close(&mut self, link: LinkId) {
        self.closed(link);
        self.outputs.push(Output::Close { link });
    }

    /// A stream is gone.
    pub fn closed(&mut self, link: LinkId) {
        self.shut(link);
        self.links.remove(&link);
    }

    /// The shelf was rolled back: nothing since the last [`Server::outputs`] has happened. All streams are closed, and
    /// whoever had no answer asks again.
    pub fn undo(&mut self) {
        self.owners.clear();
        self.noted_mono_ms = None;
        self.answers_bytes = 0;
        let links = std::mem::take(&mut self.links).into_keys();
        let refused = std::mem::take(&mut self.outputs).into_iter().filter_map(|output| match output {
            Output::Close { link } => Some(link),
            Output::Write { .. } | Output::Hold { .. } => None,
        });
        let all: std::collections::BTreeSet<LinkId> = refused.chain(links).collect();
        self.outputs = all.into_iter().map(|link| Output::Close { link }).collect();
    }

    /// Bytes of answers that wait for [`Server::outputs`]; one request adds no more than a page.
    pub fn answers_bytes(&self) -> usize {
        self.answers_bytes
    }

    /// What is to be done after the commit of all that came since the last call.
    pub fn outputs(&mut self) -> Vec<Output> {
        self.answers_bytes = 0;
        for held in self.links.values_mut() {
            held.waiting_bytes = 0;
        }
        std::mem::take(&mut self.outputs)
    }

    /// Lived time: it stands still while no mailbox runs, but for pauses that can be believed.
    fn lived_ms(&mut self, shelf: &mut dyn Shelf, now: Now) -> Result<u64, ShelfError> {
        if let Some(clock) = self.clock {
            return Ok(clock.lived_ms.saturating_add(now.mono_ms.saturating_sub(clock.mono_ms)));
        }
        let noted = shelf.noted()?;
        let pause = u64::try_from(now.wall_ms.saturating_sub(noted.wall_ms)).unwrap_or(0);
        let pause = if pause > BELIEVED_PAUSE_MS { 0 } else { pause };
        let lived_ms = noted.lived_ms.saturating_add(pause);
        shelf.note(Noted { lived_ms, wall_ms: now.wall_ms })?;
        self.clock = Some(Clock { lived_ms, mono_ms: now.mono_ms });
        Ok(lived_ms)
    }

    /// What time does: envelopes expire, quiet visitors go. To be called every [`TICK_MS`].
    ///
    /// # Errors
    /// [`ShelfError`]: call [`Server::undo`] and roll the shelf back.
    pub fn tick(&mut self, shelf: &mut dyn Shelf, now: Now) -> Result<(), ShelfError> {
        let lived_ms = self.lived_ms(shelf, now)?;
        let noted = self.noted_mono_ms.is_some_and(|at| now.mono_ms.saturating_sub(at) < TICK_MS);
        if !noted {
            shelf.note(Noted { lived_ms, wall_ms: now.wall_ms })?;
            self.noted_mono_ms = Some(now.mono_ms);
        }
        for row in shelf.expired(lived_ms, EXPIRED)? {
            books::remove_envelope(shelf, &row)?;
        }
        let quiet = self
            .links
            .iter()
            .filter(|(_, held)| held.open.is_none() && now.mono_ms.saturating_sub(held.heard_ms) >= IDLE_MS);
        for link in quiet.map(|(link, _)| *link).collect::<Vec<_>>() {
            self.close(link);
        }
        Ok(())
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub fn figures(&self, shelf: &mut dyn Shelf) -> Result<Figures, ShelfError> {
        let totals = shelf.totals()?;
        Ok(Figures {
            boxes: totals.boxes,
            queues: totals.queues,
            envelopes: totals.envelopes,
            bytes: totals.bytes,
            disk_limit: self.limits.disk_bytes,
            links: self.links.len() as u64,
            grants: shelf.grants(GRANTS_SHOWN)?,
        })
    }

    /// Takes a grant back: no box is made under it any more, nothing more comes into those there are, and each goes
    /// when it is empty. What was promised stays.
    ///
    /// # Errors
    /// [`ShelfError`]: call [`Server::undo`] and roll the shelf back.
    pub fn revoke(&mut self, grant: &[u8; 16], shelf: &mut dyn Shelf) -> Result<(), ShelfError> {
        shelf.revoke(grant)?;
        let all = usize::try_from(self.limits.boxes).unwrap_or(usize::MAX);
        let mut boxes = shelf.boxes_of(grant, all)?;
        boxes.extend(shelf.boxes_of(&shared::shared_id(grant), all)?);
        for id in boxes {
            books::close_box(shelf, id)?;
            // Its owner comes again, and hears of it; else cards would name the box until the next fetch.
            if let Some(link) = self.owners.get(&id).copied() {
                self.close(link);
            }
        }
        Ok(())
    }

    /// A new grant for somebody; `id` is chance.
    pub fn grant(&self, id: [u8; 16], uses: u32, quota_mib: u32) -> keys::Grant {
        self.key.grant(id, uses, quota_mib)
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("links", &self.links.len()).finish_non_exhaustive()
    }
}

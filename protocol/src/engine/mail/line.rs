//! One stream to each mailbox we use or write to (docs/spec/08-mail.md, "Stream").
//!
//! ```text
//!  (asked) ──► Coming ──link opened, Hello──► Greeting ──Welcome that holds──► Up ──► questions, answers in order
//!                 │                               │                            │
//!                 └── nobody there, wrong key, silence, nonsense, end ◄────────┘   every open question: no answer
//! ```
//! Nothing is asked, and so no token shown, before the mailbox has proven its key on this very connection.

use super::super::links::Purpose;
use super::super::net::{ConnId, LinkId, LinkProtocol};
use super::super::{Engine, Timer, dial::DialPurpose};
use super::{Ask, Place};
use crate::ids::MailboxId;
use crate::mail::{Answer, Pieces, Request, check_greeting, envelope, split};
use crate::time::SECOND_MS;
use std::collections::{BTreeMap, VecDeque};

/// Questions to one mailbox that are not answered, at most. Each may hold an envelope: 64 are four mebibytes. Fewer
/// cost round trips when many messages are left at once.
pub(super) const ASKS: usize = 64;
/// More of them are ours when the mailbox keeps mail for us: all its queues, a page and what may go. Others must not
/// crowd those out.
const OWN_ASKS: usize = 64;
/// Bytes on the way to a mailbox before an answer must come. Less idles a fast line; more makes a slow one look silent.
const WINDOW_BYTES: usize = 256 * 1024;
/// Streams at once to mailboxes that are not ours. Fewer makes somebody who writes to many dial again and again.
const OTHERS: usize = 256;
/// A stream to a mailbox that is not ours is closed when nothing was asked for so long.
const IDLE_MS: u64 = 60 * SECOND_MS;
/// A mailbox that answers nothing for so long, though it was asked, is not there. Less gives up slow ones.
const SILENT_MS: u64 = 30 * SECOND_MS;

/// All streams to mailboxes.
#[derive(Default)]
pub(in super::super) struct Lines(BTreeMap<MailboxId, Line>);

/// How far a stream is.
enum Stand {
    /// A connection or the stream is being made.
    Coming,
    /// Asked who it is.
    Greeting { link: LinkId, nonce: [u8; 32] },
    /// It is who it should be.
    Up { link: LinkId },
}

/// A question.
struct Asked {
    ask: Ask,
    frame: Vec<u8>,
    /// Bytes of envelopes its answer may still have.
    page_bytes: usize,
}

/// The stream to one mailbox.
struct Line {
    stand: Stand,
    waiting: VecDeque<Asked>,
    asked: VecDeque<Asked>,
    window_bytes: usize,
    pieces: Pieces,
    /// When something last came, was asked while nothing was open, or ended, on the monotonic clock.
    heard_ms: u64,
}

impl Line {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_empty()
    }

    fn link(&self) -> Option<LinkId> {
        match self.stand {
            Stand::Coming => None,
            Stand::Greeting { link, .. } | Stand::Up { link } => Some(link),
        }
    }
}

impl Engine {
    /// Asks a mailbox, on the stream that stands or on one that is made for it. Every ask comes back once, in a later
    /// turn: to `own_answered`, `post_answered`, `letter_answered` or `room_box_answered`, with `None` if there is no
    /// answer. False: too much is asked already, or it cannot be reached now, and nothing comes back.
    pub(in super::super) fn ask_mailbox(&mut self, place: &Place, ask: Ask, request: Request) -> bool {
        let page_bytes = match &request {
            Request::Fetch { bytes, .. } | Request::Read { bytes, .. } => {
                usize::try_from(*bytes).unwrap_or(usize::MAX).saturating_add(envelope::LARGEST)
            }
            _ => 0,
        };
        let Ok(frame) = request.encode() else { return false };
        if self.is_invisible() || !(self.mail.lines.0.contains_key(&place.id) || self.begin_line(place)) {
            return false;
        }
        let Some(line) = self.mail.lines.0.get_mut(&place.id) else { return false };
        // A card that is left out comes again: it must not crowd out what the stream stands for.
        let asks = if is_of_own(&ask) && ask != Ask::PutCard { ASKS.saturating_add(OWN_ASKS) } else { ASKS };
        if line.waiting.len().saturating_add(line.asked.len()) >= asks {
            return false;
        }
        line.waiting.push_back(Asked { ask, frame, page_bytes });
        self.ask_next(place.id);
        true
    }

    /// Whether a mailbox may be asked more of others' business, or a stream to it is still to be made.
    pub(in super::super) fn has_room_for_ask(&self, mailbox: &MailboxId) -> bool {
        let line = self.mail.lines.0.get(mailbox);
        line.is_none_or(|line| line.waiting.len().saturating_add(line.asked.len()) < ASKS)
    }

    /// Whether a stream stands on which a mailbox proved its key.
    pub(super) fn mailbox_is_up(&self, mailbox: &MailboxId) -> bool {
        self.mail.lines.0.get(mailbox).is_some_and(|line| matches!(line.stand, Stand::Up { .. }))
    }

    /// The connection the stream to a mailbox runs in.
    pub(super) fn line_conn(&self, mailbox: &MailboxId) -> Option<ConnId> {
        let link = self.mail.lines.0.get(mailbox).and_then(Line::link)?;
        self.links.get(&link).map(|link| link.conn)
    }

    /// Calls a mailbox.
    fn begin_line(&mut self, place: &Place) -> bool {
        let standing = self.road_to_own(&place.id);
        if self.own.mailbox == place.id {
            return false;
        }
        let addrs = self.call_mailbox(place);
        if standing.is_none() && addrs.is_empty() {
            self.mailbox_missed(place.id);
            return false;
        }
        if !self.is_own_mailbox(&place.id) && !self.make_room_for_line() {
            return false;
        }
        let line = Line {
            stand: Stand::Coming,
            waiting: VecDeque::new(),
            asked: VecDeque::new(),
            window_bytes: 0,
            pieces: Pieces::default(),
            heard_ms: self.now.mono_ms,
        };
        self.mail.lines.0.insert(place.id, line);
        match standing {
            Some(conn) => self.open_link(conn, LinkProtocol::Mail, Purpose::Mail(place.id)),
            None => self.dial(addrs, DialPurpose::Mailbox(place.id)),
        }
        true
    }

    /// A mailbox that could not be reached is called where it was found, also while it rings elsewhere.
    pub(super) fn call_again(&mut self, place: &Place) {
        match self.mail.lines.0.get(&place.id).map(|line| &line.stand) {
            None => {
                self.begin_line(place);
            }
            Some(Stand::Coming) => self.dial(place.addrs.clone(), DialPurpose::Mailbox(place.id)),
            Some(Stand::Greeting { .. } | Stand::Up { .. }) => {}
        }
    }

    /// Ends the stream that was idle longest, if there are too many.
    fn make_room_for_line(&mut self) -> bool {
        let others = || self.mail.lines.0.iter().filter(|(id, _)| !self.is_own_mailbox(id));
        if others().count() < OTHERS {
            return true;
        }
        let idle = others().filter(|(_, line)| line.is_idle()).min_by_key(|(_, line)| line.heard_ms);
        let Some(link) = idle.and_then(|(_, line)| line.link()) else { return false };
        self.close_link(link);
        true
    }

    /// Writes questions, as many as fit the window.
    fn ask_next(&mut self, mailbox: MailboxId) {
        let Some(line) = self.mail.lines.0.get_mut(&mailbox) else { return };
        let Stand::Up { link } = line.stand else { return };
        let mut messages = Vec::new();
        while let Some(next) = line.waiting.front() {
            let bytes = line.window_bytes.saturating_add(next.frame.len());
            if !line.asked.is_empty() && bytes > WINDOW_BYTES {
                break;
            }
            if line.asked.is_empty() {
                line.heard_ms = self.now.mono_ms;
            }
            line.window_bytes = bytes;
            messages.extend(split(&next.frame));
            line.asked.extend(line.waiting.pop_front());
        }
        let wait = if line.asked.is_empty() { IDLE_MS } else { SILENT_MS };
        self.timers.set_earlier(Timer::Line(mailbox), line.heard_ms.saturating_add(wait));
        if !messages.is_empty() {
            self.write(link, messages);
        }
    }

    /// A connection for a mailbox stands, if it is still wanted.
    pub(in super::super) fn mailbox_dialed(&mut self, mailbox: MailboxId, conn: ConnId) {
        let coming = |line: &Line| matches!(line.stand, Stand::Coming);
        let begun = self.links.values().any(|link| link.purpose == Purpose::Mail(mailbox));
        if self.mail.lines.0.get(&mailbox).is_some_and(coming) && !begun {
            self.open_link(conn, LinkProtocol::Mail, Purpose::Mail(mailbox));
        } else {
            self.drop_unused(conn);
        }
    }

    /// Nobody is there.
    pub(in super::super) fn mailbox_dial_failed(&mut self, mailbox: MailboxId) {
        let begun = self.links.values().any(|link| link.purpose == Purpose::Mail(mailbox));
        if self.mail.lines.0.get(&mailbox).is_some_and(|line| line.link().is_none()) && !begun {
            self.end_line(mailbox);
        }
    }

    /// A stream to a mailbox that we opened is ready: the message that asks who it is.
    pub(in super::super) fn mail_link_opened(
        &mut self,
        link: LinkId,
        mailbox: MailboxId,
    ) -> Option<Vec<Vec<u8>>> {
        let nonce = self.rng.bytes();
        let line = self.mail.lines.0.get_mut(&mailbox)?;
        if line.link().is_some() {
            return None;
        }
        line.stand = Stand::Greeting { link, nonce };
        Some(split(&Request::Hello { nonce }.encode().ok()?))
    }

    /// A message on a stream to a mailbox. `None` closes it.
    pub(in super::super) fn mail_link_data(
        &mut self,
        link: LinkId,
        mailbox: MailboxId,
        message: &[u8],
    ) -> Option<()> {
        let now_ms = self.now.mono_ms;
        let line = self.mail.lines.0.get_mut(&mailbox).filter(|line| line.link() == Some(link))?;
        line.heard_ms = now_ms;
        let Some(frame) = line.pieces.push(message).ok()? else { return Some(()) };
        // A kind of a newer version is skipped.
        let Some(answer) = Answer::decode(&frame).ok()? else { return Some(()) };
        match line.stand {
            Stand::Coming => None,
            Stand::Greeting { nonce, .. } => self.mailbox_greeted(link, mailbox, &nonce, &answer),
            Stand::Up { .. } => self.mailbox_answers(mailbox, answer),
        }
    }

    fn mailbox_greeted(
        &mut self,
        link: LinkId,
        mailbox: MailboxId,
        nonce: &[u8; 32],
        answer: &Answer,
    ) -> Option<()> {
        let Answer::Welcome(sig) = answer else { return None };
        let entry = self.links.get(&link)?;
        check_greeting(&mailbox, nonce, &entry.local_peer, &entry.remote_peer, sig).ok()?;
        self.timers.clear(&Timer::Handshake(link));
        self.mail.lines.0.get_mut(&mailbox)?.stand = Stand::Up { link };
        self.mailbox_reached(mailbox);
        self.call_own_mailbox(mailbox);
        self.ask_next(mailbox);
        Some(())
    }

    fn mailbox_answers(&mut self, mailbox: MailboxId, answer: Answer) -> Option<()> {
        if answer == Answer::News {
            self.own_news(mailbox);
            self.room_boxes_news(mailbox);
            return Some(());
        }
        let line = self.mail.lines.0.get_mut(&mailbox)?;
        let first = line.asked.front_mut().filter(|first| fits(&first.ask, &answer))?;
        if let Answer::Item(item) = &answer {
            let bytes = item.envelope.len().max(envelope::SMALLEST);
            first.page_bytes = first.page_bytes.checked_sub(bytes)?;
            let ask = first.ask.clone();
            self.hand_out(mailbox, ask, Some(answer));
            return Some(());
        }
        let done = line.asked.pop_front()?;
        line.window_bytes = line.window_bytes.saturating_sub(done.frame.len());
        self.hand_out(mailbox, done.ask, Some(answer));
        self.ask_next(mailbox);
        Some(())
    }

    fn hand_out(&mut self, mailbox: MailboxId, ask: Ask, answer: Option<Answer>) {
        match ask {
            Ask::Letter(_) => self.letter_answered(mailbox, ask, answer),
            Ask::RoomKeep(..) | Ask::RoomRead(..) | Ask::RoomDeposit(_) => {
                self.room_box_answered(mailbox, ask, answer);
            }
            _ if is_of_own(&ask) => self.own_answered(mailbox, ask, answer),
            _ => self.post_answered(mailbox, ask, answer),
        }
    }

    /// The stream may have been silent or idle for too long.
    pub(in super::super) fn on_line_due(&mut self, mailbox: MailboxId) {
        let Some(line) = self.mail.lines.0.get(&mailbox) else { return };
        let (idle, Some(link)) = (line.is_idle(), line.link()) else { return };
        let due = line.heard_ms.saturating_add(if idle { IDLE_MS } else { SILENT_MS });
        if idle && (self.is_own_mailbox(&mailbox) || self.is_room_mailbox(&mailbox)) {
            return;
        }
        if due > self.now.mono_ms {
            self.timers.set(Timer::Line(mailbox), due);
        } else {
            self.close_link(link);
        }
    }

    /// Ends the stream to a mailbox, to begin anew.
    pub(in super::super) fn hang_up(&mut self, mailbox: &MailboxId) {
        if let Some(link) = self.mail.lines.0.get(mailbox).and_then(Line::link) {
            self.close_link(link);
        }
    }

    /// A stream to a mailbox ended, or never began.
    pub(in super::super) fn mail_link_closed(&mut self, link: LinkId, conn: ConnId, mailbox: MailboxId) {
        let stands = self.mail.lines.0.get(&mailbox).map(Line::link);
        if stands.is_some_and(|stands| stands.is_none_or(|stands| stands == link)) {
            self.end_line(mailbox);
        }
        self.drop_unused(conn);
    }

    /// Nobody is called any more: what was still coming does not come.
    pub(in super::super) fn end_lines(&mut self) {
        let all: Vec<MailboxId> = self.mail.lines.0.keys().copied().collect();
        for mailbox in all {
            self.end_line(mailbox);
        }
    }

    fn end_line(&mut self, mailbox: MailboxId) {
        let Some(line) = self.mail.lines.0.remove(&mailbox) else { return };
        self.timers.clear(&Timer::Line(mailbox));
        if !matches!(line.stand, Stand::Up { .. }) {
            self.mailbox_missed(mailbox);
        }
        for asked in line.asked.into_iter().chain(line.waiting) {
            self.hand_out(mailbox, asked.ask, None);
        }
        self.own_line_ended(mailbox);
        self.room_line_ended(mailbox);
    }
}

/// Whether it is about a box of ours.
fn is_of_own(ask: &Ask) -> bool {
    match ask {
        Ask::Open | Ask::Register | Ask::Settle | Ask::Fetch | Ask::Safe(_) | Ask::PutCard | Ask::Leave => {
            true
        }
        Ask::Deposit(_) | Ask::Letter(_) | Ask::Withdraw | Ask::GetCard(_) => false,
        Ask::RoomKeep(..) | Ask::RoomRead(..) | Ask::RoomDeposit(_) => false,
    }
}

/// Whether an answer is one to this question.
fn fits(ask: &Ask, answer: &Answer) -> bool {
    match answer {
        Answer::Refused(_) => true,
        Answer::Opened { .. } => *ask == Ask::Open,
        Answer::Item(_) => matches!(ask, Ask::Fetch | Ask::RoomRead(..)),
        Answer::PageEnd { .. } => *ask == Ask::Fetch,
        Answer::ReadEnd { .. } => matches!(ask, Ask::RoomRead(..)),
        Answer::Promise(_) => matches!(ask, Ask::Deposit(_) | Ask::Letter(_) | Ask::RoomDeposit(_)),
        Answer::Card(_) => matches!(ask, Ask::GetCard(_)),
        Answer::Done => matches!(
            ask,
            Ask::Register
                | Ask::Settle
                | Ask::Safe(_)
                | Ask::PutCard
                | Ask::Leave
                | Ask::Withdraw
                | Ask::RoomKeep(..)
        ),
        Answer::Welcome(_) | Answer::News => false,
    }
}

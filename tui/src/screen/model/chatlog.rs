//! The loaded part of one chat: messages in the order the store has them, texts on their way to the disk, gaps, and
//! where the person reads. It is a window over the chat that may touch its start, its end, both or none; bounded, so
//! that a chat of a hundred thousand messages costs no more than one of a thousand. It never shows a message twice and
//! never turns a mark back.

mod pages;

use crate::screen::text::markup::{self, Look, TextRow};
use starling_node::api::types::{Message, Receipt};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::rc::Rc;

/// Messages kept loaded for one chat. More only costs memory: others are read again when scrolled to.
pub const LOADED: usize = 2_000;
/// Bytes of their texts. A contact who writes only the longest messages must not fill the memory.
const LOADED_BYTES: usize = 4 * 1024 * 1024;
/// Messages kept whatever their length, so that a window always has enough to show.
const LEAST: usize = 180;
/// Messages asked for at once.
pub const PAGE: u32 = 60;
/// Lines Starling said that stay in a chat. More only tells of a bad network.
const SAID: usize = 12;
/// Rows of one message before it folds.
pub const FOLD_ROWS: usize = 30;

/// Rows of a text for one way of showing it.
type Cached = (Look, Rc<Vec<TextRow>>);

/// A message and the rows of its text.
#[derive(Debug, Clone)]
pub struct Item {
    /// The message.
    pub message: Message,
    /// Whether the person asked for all rows of a long one.
    pub unfolded: bool,
    /// Columns its blocks of code are moved to the left.
    pub shift: usize,
    rows: RefCell<Option<Cached>>,
}

impl Item {
    /// An item for a message.
    pub fn new(message: Message) -> Self {
        Self { message, unfolded: false, shift: 0, rows: RefCell::new(None) }
    }

    /// Its text as rows; computed once for a way of showing it.
    pub fn rows(&self, look: Look) -> Rc<Vec<TextRow>> {
        let look = Look { shift: self.shift, markdown: look.markdown && self.message.kind == "text", ..look };
        if let Some((known, rows)) = &*self.rows.borrow()
            && *known == look
        {
            return Rc::clone(rows);
        }
        let rows = Rc::new(markup::rows(&self.message.text, &look));
        *self.rows.borrow_mut() = Some((look, Rc::clone(&rows)));
        rows
    }
}

/// A text between Enter and the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The client's own reference.
    pub reference: String,
    /// The text.
    pub text: String,
    /// What it answers.
    pub reply_to: Option<String>,
}

/// Messages known to be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapLine {
    /// Account of the sender.
    pub from: String,
    /// How many.
    pub missing: u64,
    /// The message it stands behind; at the top without one.
    pub after: Option<String>,
}

/// A line Starling said in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidLine {
    /// The words.
    pub text: String,
    /// The message it stands behind; at the top without one.
    pub after: Option<String>,
}

/// The row at the bottom of the window while the person reads older messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The message.
    pub id: String,
    /// Its row, counted from its first.
    pub row: usize,
}

/// Where the "n new" line stands: fixed when the chat is opened, so that it does not run away while reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    /// Above this message.
    pub before: String,
    /// How many were new.
    pub count: u64,
}

/// A page of a chat, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The newest messages.
    Newest,
    /// Those right before a message.
    Before(String),
    /// Those right after a message.
    After(String),
    /// Those around a message.
    Around(String),
    /// Those around the oldest one not seen yet.
    Unread,
}

/// The loaded part of a chat.
#[derive(Debug, Clone, Default)]
pub struct ChatLog {
    /// Messages, oldest first.
    pub items: Vec<Item>,
    /// Texts on their way to the disk.
    pub pending: Vec<Pending>,
    /// Gaps.
    pub gaps: Vec<GapLine>,
    /// Lines Starling said here, oldest first; they are not kept.
    pub said: Vec<SaidLine>,
    /// Whether a page has come.
    pub loaded: bool,
    /// Whether the oldest message is loaded.
    pub at_start: bool,
    /// Whether newer messages than the loaded ones are in the store: the newest is not loaded.
    pub short: bool,
    /// The page that is on its way.
    pub loading: Option<Part>,
    /// Reading older messages; none = following the newest.
    pub anchor: Option<Anchor>,
    /// The chosen message.
    pub chosen: Option<String>,
    /// The line above what was new when the chat was opened.
    pub new_line: Option<NewLine>,
    /// Messages that came while a page was on its way.
    fresh: Vec<Message>,
    /// Whether more came than were kept.
    missed: bool,
}

impl ChatLog {
    /// Where a message stands.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.items.iter().rposition(|item| item.message.id == id)
    }

    /// A message.
    pub fn get(&self, id: &str) -> Option<&Item> {
        self.items.iter().rfind(|item| item.message.id == id)
    }

    /// A message, to change.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Item> {
        self.items.iter_mut().rfind(|item| item.message.id == id)
    }

    /// The chosen message.
    pub fn chosen(&self) -> Option<&Item> {
        self.chosen.as_ref().and_then(|id| self.get(id))
    }

    /// Takes a message in: a known one is replaced (its mark never turns back within one try), a new one goes to its
    /// place. True if it was new.
    pub fn upsert(&mut self, message: Message) -> bool {
        let author = message.from.account.clone();
        let known = self
            .items
            .iter()
            .rposition(|item| item.message.id == message.id && item.message.from.account == author);
        if let Some(at) = known {
            let before = self.items.remove(at);
            let mut item = Item::new(message);
            (item.unfolded, item.shift) = (before.unfolded, before.shift);
            keep_known(&before.message, &mut item.message);
            // Its place was not known, or is what it was.
            let at = if before.message.order == item.message.order { at } else { self.place(&item.message) };
            self.items.insert(at, item);
            return false;
        }
        let at = self.place(&message);
        if at == 0 && !self.at_start && !self.items.is_empty() {
            // It stands among older ones that are not loaded, and is read with them.
            return true;
        }
        if self.loading.is_some() {
            self.missed |= self.fresh.len() >= LEAST;
            if !self.missed {
                self.fresh.push(message.clone());
            }
        }
        if self.short && at == self.items.len() && self.loading != Some(Part::Newest) {
            // It stands behind newer ones that are not loaded.
            return true;
        }
        self.items.insert(at, Item::new(message));
        if self.anchor.is_none() && self.chosen.is_none() {
            self.trim();
        }
        true
    }

    /// Drops a message. True if it was there.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.items.len();
        self.items.retain(|item| item.message.id != id);
        self.fresh.retain(|message| message.id != id);
        if self.chosen.as_deref() == Some(id) {
            self.chosen = None;
        }
        self.items.len() != before
    }

    /// Where a message stands among the loaded ones: behind all that are not after it. One whose place is not known
    /// is the newest.
    fn place(&self, message: &Message) -> usize {
        if message.order.is_empty() {
            return self.items.len();
        }
        let before = |item: &Item| !item.message.order.is_empty() && item.message.order <= message.order;
        self.items.iter().rposition(before).map_or_else(
            || self.items.iter().position(|item| !item.message.order.is_empty()).unwrap_or(0),
            |at| at + 1,
        )
    }

    /// The gap right above or below a message.
    pub fn gap_beside(&self, id: &str) -> Option<&GapLine> {
        let above = self.index(id)?.checked_sub(1).and_then(|above| self.items.get(above));
        let above = above.map(|item| item.message.id.as_str());
        self.gaps.iter().find(|gap| gap.after.as_deref() == above || gap.after.as_deref() == Some(id))
    }

    /// Says something behind the newest message.
    pub fn say(&mut self, text: String) {
        if self.said.len() >= SAID {
            self.said.remove(0);
        }
        let after = self.items.last().map(|item| item.message.id.clone());
        self.said.push(SaidLine { text, after });
    }

    /// Messages of others below the window that were not seen yet.
    pub fn unseen_below(&self) -> usize {
        let Some(index) = self.anchor.as_ref().and_then(|anchor| self.index(&anchor.id)) else { return 0 };
        self.items.iter().skip(index + 1).filter(|item| item.message.unread).count()
    }
}

/// What an event of a message does not say and was known before, and what never turns back: within one try a state
/// does not, and what was seen stays seen.
fn keep_known(before: &Message, now: &mut Message) {
    if now.recipients.is_empty() {
        now.recipients.clone_from(&before.recipients);
    }
    now.counts = now.counts.or(before.counts);
    now.unread &= before.unread;
    if before.attempt > now.attempt {
        (now.attempt, now.state) = (before.attempt, before.state.clone());
    } else if before.attempt == now.attempt {
        now.state = furthest(&before.state, &now.state).to_owned();
    }
}

/// A receipt moves the state of a message: forth within one try, and to a later try.
pub fn take_receipt(message: &mut Message, receipt: &Receipt) {
    let moves = match receipt.attempt.cmp(&message.attempt) {
        Ordering::Less => return,
        Ordering::Greater => true,
        Ordering::Equal => {
            message.state != receipt.message_state
                && furthest(&message.state, &receipt.message_state) == receipt.message_state
        }
    };
    if moves {
        message.attempt = receipt.attempt;
        message.state.clone_from(&receipt.message_state);
        message.state_at.clone_from(&receipt.at);
        message.reason.clone_from(&receipt.reason);
    }
    if message.state == receipt.state {
        message.kept.clone_from(&receipt.kept);
    }
}

/// The further of two states of one try (a state never goes back within it).
pub fn furthest<'a>(one: &'a str, other: &'a str) -> &'a str {
    if rank(other) >= rank(one) { other } else { one }
}

fn rank(state: &str) -> u8 {
    match state {
        "queued" => 1,
        "mailbox" => 2,
        "failed" => 3,
        "expired" => 4,
        "delivered" => 5,
        "read" => 6,
        _ => 0,
    }
}

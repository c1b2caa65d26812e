//! The loaded part of one chat: messages in the order the store has them, texts on their way to the disk, gaps, and
//! where the person reads. Bounded; it never shows a message twice and never turns a mark back.

use crate::screen::text::wrap;
use starling_node::api::types::Message;
use std::cell::RefCell;
use std::rc::Rc;

/// Messages kept loaded for one chat. More only costs memory: older ones are read again when scrolled to.
pub const LOADED: usize = 500;
/// Messages asked for at once.
pub const PAGE: u32 = 60;
/// Lines Starling said that stay in a chat. More only tells of a bad network.
const SAID: usize = 12;
/// Rows of one message before it folds.
pub const FOLD_ROWS: usize = 30;

/// A message and its wrapped text for one width.
#[derive(Debug, Clone)]
pub struct Item {
    /// The message.
    pub message: Message,
    /// Whether the person asked for all rows of a long one.
    pub unfolded: bool,
    rows: RefCell<Option<(usize, Rc<Vec<String>>)>>,
}

impl Item {
    /// An item for a message.
    pub fn new(message: Message) -> Self {
        Self { message, unfolded: false, rows: RefCell::new(None) }
    }

    /// Its text wrapped to a width; computed once per width.
    pub fn rows(&self, width: usize) -> Rc<Vec<String>> {
        if let Some((at, rows)) = &*self.rows.borrow()
            && *at == width
        {
            return Rc::clone(rows);
        }
        let rows = Rc::new(wrap::wrap(&self.message.text, width));
        *self.rows.borrow_mut() = Some((width, Rc::clone(&rows)));
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
    /// Whether the newest page has come.
    pub loaded: bool,
    /// Whether the oldest message is loaded.
    pub at_start: bool,
    /// Whether a page is on its way.
    pub loading: bool,
    /// Reading older messages; none = following the newest.
    pub anchor: Option<Anchor>,
    /// The chosen message.
    pub chosen: Option<String>,
    /// The line above what was new when the chat was opened.
    pub new_line: Option<NewLine>,
    /// Messages that came while a page was on its way.
    fresh: Vec<String>,
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

    /// Takes a message in: a known one is replaced (its mark never turns back), a new one goes to its place.
    /// True if it was new.
    pub fn upsert(&mut self, message: Message) -> bool {
        let author = message.from.account.clone();
        let known = self
            .items
            .iter()
            .rposition(|item| item.message.id == message.id && item.message.from.account == author);
        if let Some(at) = known {
            let before = self.items.remove(at);
            let mut item = Item::new(message);
            item.unfolded = before.unfolded;
            item.message.state = furthest(&before.message.state, &item.message.state).to_owned();
            item.message.unread &= before.message.unread;
            keep_known(&before.message, &mut item.message);
            // Its place was not known, or is what it was.
            let at = if before.message.order == item.message.order { at } else { self.place(&item.message) };
            self.items.insert(at, item);
            return false;
        }
        if self.loading {
            self.fresh.push(message.id.clone());
        }
        let at = self.place(&message);
        if at == 0 && !self.at_start && !self.items.is_empty() {
            // It stands among older ones that are not loaded, and is read with them.
            return true;
        }
        self.items.insert(at, Item::new(message));
        if self.items.len() > LOADED && self.anchor.is_none() && self.chosen.is_none() {
            self.items.drain(..self.items.len() - LOADED);
            self.at_start = false;
        }
        true
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

    /// Takes in a page, oldest first: the newest one, or one of older messages.
    pub fn page(&mut self, page: Vec<Message>, older: bool) {
        self.loading = false;
        let full = page.len() >= PAGE as usize;
        if !older {
            let newer: Vec<Item> = std::mem::take(&mut self.items);
            self.items = page.into_iter().map(Item::new).collect();
            // What came while the page was read is newer than it.
            let fresh = std::mem::take(&mut self.fresh);
            for item in newer {
                if fresh.contains(&item.message.id) && self.index(&item.message.id).is_none() {
                    let at = self.place(&item.message);
                    self.items.insert(at, item);
                }
            }
            self.loaded = true;
            self.at_start = !full;
            return;
        }
        self.fresh.clear();
        self.at_start = !full;
        let mut items: Vec<Item> =
            page.into_iter().filter(|message| self.index(&message.id).is_none()).map(Item::new).collect();
        items.append(&mut self.items);
        self.items = items;
    }

    /// Says something behind the newest message.
    pub fn say(&mut self, text: String) {
        if self.said.len() >= SAID {
            self.said.remove(0);
        }
        let after = self.items.last().map(|item| item.message.id.clone());
        self.said.push(SaidLine { text, after });
    }

    /// Drops what lies far above when the person follows the newest again.
    pub fn trim(&mut self) {
        if self.items.len() > LOADED {
            self.items.drain(..self.items.len() - LOADED);
            self.at_start = false;
        }
    }

    /// Messages of others below the window that were not seen yet.
    pub fn unseen_below(&self) -> usize {
        let Some(index) = self.anchor.as_ref().and_then(|anchor| self.index(&anchor.id)) else { return 0 };
        self.items.iter().skip(index + 1).filter(|item| item.message.unread).count()
    }
}

/// What an event of a message does not say of its recipients, and was known before.
fn keep_known(before: &Message, now: &mut Message) {
    if now.recipients.is_empty() {
        now.recipients.clone_from(&before.recipients);
    }
    now.counts = now.counts.or(before.counts);
}

/// The further of two states of a message (CONTRACT: a state never goes back).
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

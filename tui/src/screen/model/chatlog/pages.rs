//! Pages of a chat: how they join what is loaded, and what is let go on the far side so that it stays bounded.

use super::{Anchor, ChatLog, Item, LEAST, LOADED, LOADED_BYTES, PAGE, Part};
use starling_node::api::types::Message;

impl ChatLog {
    /// Takes in a page, oldest first. A page that was not asked for any more changes nothing.
    pub fn page(&mut self, page: Vec<Message>, part: &Part) {
        if self.loading.as_ref() == Some(part) {
            self.loading = None;
        }
        let full = page.len() >= PAGE as usize;
        match part {
            Part::Newest => self.newest(page, full),
            Part::Before(id) if self.first() == Some(id) => self.older(page, full),
            Part::After(id) if self.last() == Some(id) => self.newer(page, full),
            Part::Around(_) | Part::Unread if !page.is_empty() => self.elsewhere(page),
            _ => {}
        }
        if self.loading.is_none() {
            self.fresh.clear();
            self.missed = false;
        }
    }

    fn first(&self) -> Option<&String> {
        self.items.first().map(|item| &item.message.id)
    }

    fn last(&self) -> Option<&String> {
        self.items.last().map(|item| &item.message.id)
    }

    /// The newest page is all that is loaded now, with what came while it was read.
    fn newest(&mut self, page: Vec<Message>, full: bool) {
        let mut before = std::mem::take(&mut self.items);
        self.items = page.into_iter().map(Item::new).collect();
        (self.loaded, self.at_start) = (true, !full);
        if std::mem::take(&mut self.short) {
            self.anchor = None;
            self.chosen = None;
        }
        for message in std::mem::take(&mut self.fresh) {
            let known = before.iter().position(|item| item.message.id == message.id);
            self.come(known.map_or_else(|| Item::new(message), |at| before.swap_remove(at)));
        }
        // What is missing behind them is read on.
        self.short = self.missed;
    }

    fn come(&mut self, item: Item) {
        if self.index(&item.message.id).is_none() {
            let at = self.place(&item.message);
            self.items.insert(at, item);
        }
    }

    fn older(&mut self, page: Vec<Message>, full: bool) {
        self.at_start = !full;
        let mut items: Vec<Item> = self.unknown(page);
        items.append(&mut self.items);
        self.items = items;
        let keep = self.room(self.items.iter());
        if keep < self.items.len() {
            self.items.truncate(keep);
            self.short = true;
        }
    }

    fn newer(&mut self, page: Vec<Message>, full: bool) {
        self.short = full;
        let mut items = self.unknown(page);
        self.items.append(&mut items);
        if !full {
            for message in std::mem::take(&mut self.fresh) {
                self.come(Item::new(message));
            }
            self.short = self.missed;
        }
        self.trim();
    }

    /// A page far from what was loaded. Whether it touches an end is found out by asking on.
    fn elsewhere(&mut self, page: Vec<Message>) {
        self.items = page.into_iter().map(Item::new).collect();
        (self.loaded, self.at_start, self.short) = (true, false, true);
        (self.anchor, self.chosen) = (None, None);
    }

    fn unknown(&self, page: Vec<Message>) -> Vec<Item> {
        page.into_iter().filter(|message| self.index(&message.id).is_none()).map(Item::new).collect()
    }

    /// How many of some messages may stay loaded, counted from their first.
    fn room<'a>(&self, items: impl Iterator<Item = &'a Item>) -> usize {
        let mut bytes = 0;
        let fits = |(nth, item): &(usize, &Item)| {
            bytes += item.message.text.len();
            *nth < LEAST || (*nth < LOADED && bytes <= LOADED_BYTES)
        };
        items.enumerate().take_while(fits).count()
    }

    /// Lets go everything but what is on its way to the disk; the rest is read anew.
    pub fn forget(&mut self) {
        *self = Self { pending: std::mem::take(&mut self.pending), ..Self::default() };
    }

    /// Lets go what lies far above.
    pub fn trim(&mut self) {
        if self.items.len() <= LEAST {
            return;
        }
        let keep = self.room(self.items.iter().rev());
        if keep < self.items.len() {
            self.items.drain(..self.items.len() - keep);
            self.at_start = false;
        }
    }

    /// The page to read next, if the window comes near an end of what is loaded that is not an end of the chat.
    pub fn wanted(&self, near_top: bool, near_bottom: bool) -> Option<Part> {
        if self.loading.is_some() || !self.loaded {
            return None;
        }
        if near_bottom && self.short {
            return self.last().map(|id| Part::After(id.clone()));
        }
        if near_top && !self.at_start { self.first().map(|id| Part::Before(id.clone())) } else { None }
    }

    /// Follows the newest message. True if it must be read first.
    pub fn follow(&mut self) -> bool {
        if self.short {
            self.loading = Some(Part::Newest);
            return true;
        }
        self.anchor = None;
        self.trim();
        false
    }

    /// Lets a message be the lowest row of the window until the window is moved.
    pub fn hold(&mut self, id: &str) {
        self.anchor = Some(Anchor { id: id.to_owned(), row: usize::MAX });
    }
}

//! What lies under a place of the main screen: for the mouse. The view asks the same functions where to draw.

use super::Model;
use super::arrange::arrange;
use super::rooms::Extra;
use super::timeline::Timeline;

/// What lies under a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// A chat of the list, by its id.
    Chat(String),
    /// A row below the chats.
    Extra(Extra),
    /// The line between the list and the chat.
    Edge,
    /// The network card.
    Card,
    /// A message, by its id.
    Message(String),
    /// The editor.
    Editor,
    /// Nothing that answers.
    Nothing,
}

impl Model {
    /// The first shown row of the list of chats, and how many rows there are for it, below its title.
    pub fn list_window(&self) -> (usize, u16) {
        let geometry = self.geometry();
        let rows = geometry.height.saturating_sub(geometry.bar);
        let room = rows.saturating_sub(1 + geometry.card);
        let lines = self.shown_chats().count() + self.extras().len();
        // The open chat is always among the rows that are shown.
        let open = self.open_place().unwrap_or(0);
        let from = (open + 1).saturating_sub(usize::from(room)).min(lines.saturating_sub(usize::from(room)));
        (from, room)
    }

    /// What lies under a cell of the main screen, without what lies over it.
    pub fn spot(&self, x: u16, y: u16) -> Spot {
        let geometry = self.geometry();
        if x >= geometry.width || y >= geometry.height.saturating_sub(geometry.bar) {
            return Spot::Nothing;
        }
        if geometry.list > 0 && x == geometry.list {
            return Spot::Edge;
        }
        if x < geometry.list {
            return self.list_spot(y);
        }
        let inside = (geometry.left..geometry.left.saturating_add(geometry.pane)).contains(&x);
        if inside { self.chat_spot(y) } else { Spot::Nothing }
    }

    fn list_spot(&self, y: u16) -> Spot {
        let (from, room) = self.list_window();
        if y == 0 || y > room {
            return if y == 0 { Spot::Nothing } else { Spot::Card };
        }
        let at = from + usize::from(y - 1);
        if let Some(chat) = self.shown_chats().nth(at) {
            return Spot::Chat(chat.chat.clone());
        }
        let below = at.saturating_sub(self.shown_chats().count());
        self.extras().into_iter().nth(below).map_or(Spot::Nothing, Spot::Extra)
    }

    fn chat_spot(&self, y: u16) -> Spot {
        let parts = arrange(self);
        let top = parts.head + u16::from(parts.warning.is_some());
        let bottom = top + parts.messages;
        if (top..bottom).contains(&y) {
            let rows = Timeline::open(self).map(|timeline| timeline.window(usize::from(parts.messages)));
            let rows = rows.unwrap_or_default();
            let used = u16::try_from(rows.len()).unwrap_or(parts.messages);
            let first = top + parts.messages.saturating_sub(used);
            let row = y.checked_sub(first).and_then(|row| rows.get(usize::from(row)));
            let item = row.and_then(|row| self.log()?.items.get(row.index));
            let item = item.filter(|item| item.message.kind != "notice");
            return item.map_or(Spot::Nothing, |item| Spot::Message(item.message.id.clone()));
        }
        let notice = u16::try_from(parts.notice.len()).unwrap_or(0);
        let editor = bottom + notice + parts.context + parts.rule;
        if y >= editor { Spot::Editor } else { Spot::Nothing }
    }
}

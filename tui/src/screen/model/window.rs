//! The part of a chat's rows that is on the screen, and moving it. While an anchor is set, nothing that arrives moves
//! the rows in the window.

use super::chatlog::Anchor;
use super::timeline::{Placed, Timeline};

/// Messages between the window and an end of what is loaded at which more is read. Fewer let one wait at each page.
const NEAR: usize = 8;

impl Timeline<'_> {
    /// Number of places: the messages, and one behind them.
    fn places(&self) -> usize {
        self.log.items.len() + 1
    }

    /// The lowest row of the window.
    fn bottom(&self) -> Option<(usize, usize)> {
        if let Some(anchor) = &self.log.anchor
            && let Some(index) = self.log.index(&anchor.id)
        {
            let rows = self.rows(index).len();
            return Some((index, anchor.row.min(rows.saturating_sub(1))));
        }
        self.last()
    }

    /// The very last row there is.
    fn last(&self) -> Option<(usize, usize)> {
        (0..self.places())
            .rev()
            .find_map(|index| self.rows(index).len().checked_sub(1).map(|row| (index, row)))
    }

    /// The rows of the window, top first, at most `height`.
    pub fn window(&self, height: usize) -> Vec<Placed> {
        let mut window = Vec::new();
        let Some((bottom, last)) = self.bottom() else { return window };
        for index in (0..=bottom).rev() {
            let rows = self.rows(index);
            let until = if index == bottom { last + 1 } else { rows.len() };
            for (nth, row) in rows.into_iter().enumerate().take(until).rev() {
                if window.len() >= height {
                    window.reverse();
                    return window;
                }
                window.push(Placed { index, nth, row });
            }
        }
        window.reverse();
        window
    }

    /// Whether the window is within a few rows of the first loaded message, and of the last.
    pub fn near_ends(&self, height: usize) -> (bool, bool) {
        let window = self.window(height);
        let top = window.len() < height || window.first().is_none_or(|first| first.index < NEAR);
        let bottom = window.last().is_none_or(|last| last.index + NEAR >= self.log.items.len());
        (top, bottom)
    }

    fn up(&self, from: (usize, usize), rows: usize) -> (usize, usize) {
        let (mut index, mut row) = from;
        let mut left = rows;
        while left > row {
            let Some(above) = (0..index).rev().find(|above| !self.rows(*above).is_empty()) else {
                return (index, 0);
            };
            left -= row + 1;
            index = above;
            row = self.rows(index).len().saturating_sub(1);
        }
        (index, row - left)
    }

    fn down(&self, from: (usize, usize), rows: usize) -> (usize, usize) {
        let (mut index, mut row) = from;
        let mut left = rows;
        loop {
            let here = self.rows(index).len().saturating_sub(1);
            if row + left <= here {
                return (index, row + left);
            }
            let Some(below) = (index + 1..self.places()).find(|below| !self.rows(*below).is_empty()) else {
                return (index, here);
            };
            left -= here.saturating_sub(row) + 1;
            index = below;
            row = 0;
        }
    }

    fn first(&self) -> (usize, usize) {
        ((0..self.places()).find(|index| !self.rows(*index).is_empty()).unwrap_or(0), 0)
    }

    fn anchor(&self, place: (usize, usize)) -> Option<Anchor> {
        if self.last().is_none_or(|last| place >= last) {
            return None;
        }
        let item = self.item(place.0)?;
        Some(Anchor { id: item.message.id.clone(), row: place.1 })
    }

    /// The anchor after scrolling by rows (negative = towards older) in a window of `height`.
    pub fn scrolled(&self, by: i64, height: usize) -> Option<Anchor> {
        let bottom = self.bottom()?;
        let rows = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
        let mut place = if by < 0 { self.up(bottom, rows) } else { self.down(bottom, rows) };
        // Never further up than a full window from the first row.
        place = place.max(self.down(self.first(), height.saturating_sub(1)));
        if place.0 >= self.log.items.len() && by < 0 && !self.log.items.is_empty() {
            let index = self.log.items.len() - 1;
            place = (index, self.rows(index).len().saturating_sub(1));
            if Some(place) >= self.last() {
                return None;
            }
        }
        self.anchor(place)
    }

    /// The anchor with which a message is in a window of `height` rows, moving as little as possible.
    pub fn revealed(&self, index: usize, height: usize) -> Option<Anchor> {
        let window = self.window(height);
        let rows = self.rows(index).len();
        let (Some(first), Some(last)) = (window.first(), window.last()) else { return None };
        let above = (index, 0) < (first.index, first.nth);
        let below = (index, rows.saturating_sub(1)) > (last.index, last.nth);
        if above {
            return self.anchor(self.down((index, 0), height.saturating_sub(1)));
        }
        if below {
            return self.anchor((index, rows.saturating_sub(1)));
        }
        self.log.anchor.clone()
    }

    /// Messages of others in the window that were not seen: their last row is visible.
    pub fn unseen(&self, height: usize) -> Vec<String> {
        let window = self.window(height);
        // Only of the lowest one the end may be below the window.
        let cut = window.last().filter(|last| last.nth + 1 < self.rows(last.index).len());
        let cut = cut.map(|last| last.index);
        let mut seen: Vec<String> = Vec::new();
        for placed in &window {
            if let Some(item) = self.item(placed.index)
                && Some(placed.index) != cut
                && item.message.unread
                && !item.message.from.me
                && seen.last() != Some(&item.message.id)
            {
                seen.push(item.message.id.clone());
            }
        }
        seen
    }
}

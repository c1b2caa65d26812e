//! `&model → cells`. Draws what the model says and changes nothing; any size is drawn, however small.

mod canvas;
mod cards;
mod chat;
mod help;
mod list;
mod log;
mod mail;
mod near;
mod network;
mod open;
mod overlays;
mod places;
mod qr;
mod rooms;
mod settings;
mod setup;
mod talk;

use super::model::{Model, Place};
use canvas::Canvas;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Draws the whole screen; gives back where the terminal's cursor goes.
pub fn draw(model: &Model, buffer: &mut Buffer) -> Option<Position> {
    canvas(model, buffer).caret
}

/// The entry of a list over the main screen that lies under a cell, if there is one.
pub fn entry_at(model: &Model, x: u16, y: u16) -> Option<usize> {
    model.overlay.as_ref()?;
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.0, model.size.1));
    let drawn = canvas(model, &mut buffer);
    let under = drawn.entries.iter().find(|(area, _)| area.contains(Position::new(x, y)));
    under.map(|(_, entry)| *entry)
}

fn canvas<'b>(model: &Model, buffer: &'b mut Buffer) -> Canvas<'b> {
    let mut canvas = Canvas::new(buffer, model.theme);
    if let Some(locked) = &model.locked {
        places::locked(model, locked, &mut canvas);
        return canvas;
    }
    match &model.place {
        Place::Starting => setup::starting(&mut canvas),
        Place::Setup(page) => setup::draw(page, &model.requests, &mut canvas),
        Place::Unlock(unlock) => setup::unlock(unlock, &mut canvas),
        Place::Broken(trouble) => setup::broken(trouble, !model.editor.is_empty(), &mut canvas),
        Place::Main => main(model, &mut canvas),
    }
    canvas
}

fn main(model: &Model, canvas: &mut Canvas<'_>) {
    let geometry = model.geometry();
    if geometry.list > 0 {
        list::draw(model, canvas);
    }
    chat::draw(model, canvas);
    if geometry.people > 0 {
        rooms::people(model, canvas);
    }
    list::bar(model, canvas);
    if let Some(overlay) = &model.overlay {
        canvas.caret = None;
        overlays::draw(model, overlay, canvas);
    }
}

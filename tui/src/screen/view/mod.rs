//! `&model → cells`. Draws what the model says and changes nothing; any size is drawn, however small.

mod canvas;
mod cards;
mod chat;
mod help;
mod list;
mod log;
mod mail;
mod network;
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
use ratatui::layout::Position;

/// Draws the whole screen; gives back where the terminal's cursor goes.
pub fn draw(model: &Model, buffer: &mut Buffer) -> Option<Position> {
    let mut canvas = Canvas::new(buffer, model.theme);
    if let Some(locked) = &model.locked {
        places::locked(model, locked, &mut canvas);
        return canvas.caret;
    }
    match &model.place {
        Place::Starting => setup::starting(&mut canvas),
        Place::Setup(page) => setup::draw(page, &mut canvas),
        Place::Unlock(unlock) => setup::unlock(unlock, &mut canvas),
        Place::Broken(trouble) => setup::broken(trouble, &mut canvas),
        Place::Main => main(model, &mut canvas),
    }
    canvas.caret
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

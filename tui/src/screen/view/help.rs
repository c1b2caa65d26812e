//! F1: keys, marks and commands, over the place one is in, filtered by typing.

use super::canvas::{Canvas, Rows};
use crate::screen::keymap::{COMMANDS, EDITOR_KEYS, Keys, MESSAGE_KEYS};
use crate::screen::model::overlay::Help;
use crate::screen::text::{self, pad};
use crate::screen::theme::Theme;
use ratatui::layout::Rect;

/// A line of help: a heading, or a key with its meaning.
enum Line {
    Heading(&'static str),
    Entry(String, String),
}

fn entries(theme: &Theme, bound: &Keys, help: &Help) -> Vec<Line> {
    let message = std::iter::once(Line::Heading("A chosen message (Up)"))
        .chain(MESSAGE_KEYS.iter().map(|(key, _, help)| Line::Entry((*key).to_owned(), (*help).to_owned())));
    let keys = std::iter::once(Line::Heading("Keys"))
        .chain(bound.help().into_iter().map(|row| Line::Entry(row.keys, row.help)));
    let editor = std::iter::once(Line::Heading("In the editor"))
        .chain(EDITOR_KEYS.iter().map(|(key, help)| Line::Entry((*key).to_owned(), (*help).to_owned())));
    let commands = std::iter::once(Line::Heading("Commands")).chain(COMMANDS.iter().map(|command| {
        Line::Entry(
            format!("{} {}", command.word, command.takes).trim_end().to_owned(),
            command.help.to_owned(),
        )
    }));
    let marks = &theme.marks;
    let legend = [
        (marks.waiting, "waiting on this computer"),
        (marks.mailbox, "in a mailbox"),
        (marks.delivered, "on a device of the other person, with its signature"),
        (marks.read, "read there"),
        (marks.failed, "not sent; the words under it say why"),
        (marks.direct, "a person who is here, directly"),
        (marks.lan, "here, on this LAN"),
        (marks.relay, "here, by relay"),
        (marks.away, "not here"),
    ];
    let legend = std::iter::once(Line::Heading("Marks"))
        .chain(legend.into_iter().map(|(mark, meaning)| Line::Entry(mark.to_owned(), meaning.to_owned())));
    if help.keys {
        keys.chain(message).chain(editor).collect()
    } else if help.choosing {
        message.chain(keys).chain(editor).chain(commands).chain(legend).collect()
    } else {
        keys.chain(message).chain(editor).chain(commands).chain(legend).collect()
    }
}

fn fits(line: &Line, query: &str) -> bool {
    match line {
        Line::Heading(_) => query.is_empty(),
        Line::Entry(key, help) => {
            query.is_empty() || key.to_lowercase().contains(query) || help.to_lowercase().contains(query)
        }
    }
}

/// Draws the help box.
pub fn draw(help: &Help, bound: &Keys, canvas: &mut Canvas<'_>) {
    let screen = canvas.area();
    let height = screen.height.saturating_sub(4);
    let inside = canvas.boxed("Help", "type to filter   Up Down   Esc", 72, height);
    let styles = canvas.theme.styles;
    let query = help.query.text().to_lowercase();
    let lines: Vec<Line> =
        entries(&canvas.theme, bound, help).into_iter().filter(|line| fits(line, query.trim())).collect();
    let mut rows = Rows::new(canvas, Rect { height: inside.height.min(1), ..inside });
    rows.field("> ", help.query.text(), help.query.before(), true);
    let list = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    let most = lines.len().saturating_sub(usize::from(list.height));
    let mut rows = Rows::new(canvas, list);
    if lines.is_empty() {
        rows.line("Nothing fits. Backspace shows everything again.", styles.dim);
    }
    let wide = if inside.width < 50 { 12 } else { 22 };
    for line in lines.iter().skip(help.top.min(most)) {
        match line {
            Line::Heading(words) => rows.line(words, styles.strong),
            Line::Entry(key, help) => {
                let key = pad(&format!("  {key}"), wide.max(text::columns(key) + 3), "");
                rows.line(&format!("{key}{help}"), styles.text);
            }
        }
    }
}

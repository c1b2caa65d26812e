//! Whole pictures of a scene, in one file per scene: at four sizes with Unicode and with plain characters, and the
//! styles of one size in each kind of theme. A change of one must be looked at, not only accepted.

use super::Scene;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use starling_tui::screen::model::Model;
use starling_tui::screen::settings::Settings;
use starling_tui::screen::text;
use starling_tui::screen::theme::{ASCII, Depth, Marks, Terminal, Theme, UNICODE};
use starling_tui::screen::view;
use std::fmt::Write;

/// The sizes every scene is drawn at.
pub const SIZES: [(u16, u16); 4] = [(120, 36), (80, 24), (50, 24), (40, 16)];
/// The size whose styles are kept.
const STYLED: (u16, u16) = (80, 24);

/// The kinds of theme every scene is drawn in.
fn themes() -> [(&'static str, Theme); 3] {
    ["dark", "light", "mono"].map(|name| {
        let settings = Settings { theme: name.to_owned(), ..Settings::default() };
        (name, Theme::of(&settings, &Terminal { depth: Depth::True, ..Terminal::default() }, None))
    })
}

/// The theme of the letters' pictures.
fn lettered(marks: Marks) -> Theme {
    Theme::new(marks, true)
}

/// Draws a scene in all its variants and compares them with `snapshots/NAME.snap`. `make` gives the scene at a size;
/// marks and theme are put on it afterwards, as `/set` would.
pub fn shoot(name: &str, make: impl Fn((u16, u16)) -> Scene) {
    let mut out = String::new();
    for size in SIZES {
        let mut scene = make(size);
        scene.model.theme = lettered(UNICODE);
        let unicode = scene.screen();
        writeln!(out, "==== {}x{}\n{unicode}", size.0, size.1).unwrap();
        scene.model.theme = lettered(ASCII);
        writeln!(out, "==== {}x{} in ASCII: rows of which not only the marks differ", size.0, size.1)
            .unwrap();
        out.push_str(&differing(&plain(&unicode), &scene.screen()));
    }
    let mut scene = make(STYLED);
    let mut first: Option<String> = None;
    for (name, theme) in themes() {
        scene.model.theme = theme;
        let styles = styles_of(&picture(&scene.model).0, &theme);
        write!(out, "==== {}x{} styles, {name}", STYLED.0, STYLED.1).unwrap();
        out.push_str(&if first.as_ref() == Some(&styles) {
            ": the same\n".to_owned()
        } else {
            format!("\n{styles}")
        });
        first.get_or_insert(styles);
    }
    keep(name, out);
}

/// Compares a text with `snapshots/NAME.snap`.
pub fn keep(name: &str, text: String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The cells of a model and the place of its caret.
pub fn picture(model: &Model) -> (Buffer, Option<Position>) {
    let (width, height) = model.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let caret = view::draw(model, &mut buffer);
    (buffer, caret)
}

/// Cells as lines of text, with the rows that are chosen and the place of the caret.
pub fn letters(buffer: &Buffer, caret: Option<Position>) -> String {
    let mut lines: Vec<String> = rows(buffer).map(|row| line(row).trim_end().to_owned()).collect();
    let chosen = |row: &[Cell]| row.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED));
    let chosen: Vec<String> =
        rows(buffer).enumerate().filter(|(_, row)| chosen(row)).map(|(y, _)| y.to_string()).collect();
    lines.push(format!("[chosen rows: {}]", chosen.join(" ")));
    lines.push(caret.map_or("[no caret]".to_owned(), |at| format!("[caret {},{}]", at.x, at.y)));
    lines.join("\n")
}

fn rows(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width).max(1))
}

fn line(row: &[Cell]) -> String {
    let mut line = String::new();
    let mut covered = 0;
    for cell in row {
        if covered > 0 {
            covered -= 1;
            continue;
        }
        covered = text::columns(cell.symbol()).saturating_sub(1);
        line.push_str(cell.symbol());
    }
    line
}

/// A picture with the marks of ASCII in place of the others; whatever is wider there is cut or wrapped otherwise.
fn plain(picture: &str) -> String {
    let marks = [
        ("◷", "~"),
        ("✓", "+"),
        ("◉", "R"),
        ("✗", "!"),
        ("●", "*"),
        ("⌂", "L"),
        ("◐", "%"),
        ("○", "o"),
        ("│", "|"),
        ("─", "-"),
        ("┌", "+"),
        ("┐", "+"),
        ("└", "+"),
        ("┘", "+"),
        ("·", "*"),
        ("•", "*"),
    ];
    marks.iter().fold(picture.to_owned(), |picture, (mark, plain)| picture.replace(mark, plain))
}

/// The lines of the second picture that are other than in the first.
fn differing(first: &str, second: &str) -> String {
    let mut before = first.lines();
    let mut out = String::new();
    for (y, now) in second.lines().enumerate() {
        if before.next() != Some(now) {
            writeln!(out, "{y:>2} {now}").unwrap();
        }
    }
    out
}

/// The runs of cells that have a style, row by row; rows with the same runs stand together.
fn styles_of(buffer: &Buffer, theme: &Theme) -> String {
    let mut groups: Vec<(usize, usize, String)> = Vec::new();
    for (y, row) in rows(buffer).enumerate() {
        let runs = runs(row, theme);
        match groups.last_mut() {
            Some((_, last, same)) if *same == runs => *last = y,
            _ => groups.push((y, y, runs)),
        }
    }
    let mut out = String::new();
    for (first, last, runs) in groups.iter().filter(|(_, _, runs)| !runs.is_empty()) {
        let at = if first == last { first.to_string() } else { format!("{first}-{last}") };
        writeln!(out, "{at:>5} {runs}").unwrap();
    }
    out
}

fn runs(row: &[Cell], theme: &Theme) -> String {
    let mut found: Vec<(usize, usize, String)> = Vec::new();
    let mut covered = 0;
    for (x, cell) in row.iter().enumerate() {
        if covered > 0 {
            // The second half of a wide one looks like the first.
            covered -= 1;
            if let Some((_, last, _)) = found.last_mut().filter(|(_, last, _)| *last + 1 == x) {
                *last = x;
            }
            continue;
        }
        covered = text::columns(cell.symbol()).saturating_sub(1);
        let style = style_of(cell, theme);
        match found.last_mut() {
            Some((_, last, same)) if *same == style && *last + 1 == x => *last = x,
            _ if style.is_empty() => {}
            _ => found.push((x, x, style)),
        }
    }
    let words: Vec<String> =
        found.iter().map(|(first, last, style)| format!("{first}-{last} {style}")).collect();
    words.join(", ")
}

/// A cell's style by what the theme means with its colour.
fn style_of(cell: &Cell, theme: &Theme) -> String {
    let styles = &theme.styles;
    let ground = |bg: Option<Color>| bg.unwrap_or(Color::Reset);
    let mut words = Vec::new();
    if cell.bg != Color::Reset && cell.bg == ground(styles.chosen.bg) {
        words.push("chosen".to_owned());
    } else {
        let inks = [
            ("", styles.text),
            ("dim", styles.dim),
            ("own", styles.own),
            ("warn", styles.warn),
            ("good", styles.good),
        ];
        let blank = cell.fg == Color::Reset || cell.symbol() == " ";
        let meant = inks.into_iter().find(|(_, style)| style.fg == Some(cell.fg));
        match meant {
            _ if blank => {}
            Some((meaning, _)) => words.push(meaning.to_owned()),
            None => words.push(cell.fg.to_string().to_lowercase()),
        }
        if cell.bg != Color::Reset {
            words.push(format!("on-{}", cell.bg.to_string().to_lowercase()));
        }
    }
    if !cell.modifier.is_empty() {
        words.push(format!("{:?}", cell.modifier).to_lowercase().replace(" | ", "+"));
    }
    words.retain(|word| !word.is_empty());
    words.join("+")
}

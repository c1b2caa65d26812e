//! The pages before the main screen: first run, passphrase, trouble that leaves nothing to show.

use super::canvas::{Canvas, Rows};
use super::overlays;
use crate::screen::model::line::Line;
use crate::screen::model::setup::{Check, Page, Setup, Unlock, WordsPage, strength};
use crate::screen::model::words;
use crate::screen::text::{self, clean};
use ratatui::layout::Rect;
use starling_node::api::types::{Request, Trouble};

/// The page's inside: one column free at the left, one row at the top.
fn inside(canvas: &Canvas<'_>) -> Rect {
    inside_of(canvas.area())
}

/// The inside of a whole screen: one column free at both sides, where there is room.
pub fn inside_of(area: Rect) -> Rect {
    if area.width < 30 || area.height < 12 {
        return area;
    }
    Rect::new(1, 0, area.width - 2, area.height)
}

/// Nothing is known yet.
pub fn starting(canvas: &mut Canvas<'_>) {
    let area = inside(canvas);
    let style = canvas.theme.styles.dim;
    Rows::new(canvas, area).line("Starling is opening.", style);
}

/// Nothing can be done but try again or leave. `kept` says that the editor holds a text.
pub fn broken(trouble: &Trouble, kept: bool, canvas: &mut Canvas<'_>) {
    let area = inside(canvas);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, area);
    rows.gap();
    rows.text(&words::trouble(trouble), styles.warn);
    rows.gap();
    if kept {
        rows.text("Your message is kept, and what you type now goes on in it.", styles.text);
        rows.gap();
    }
    rows.line("Enter starts it again   Ctrl-Q leaves", styles.dim);
}

/// The passphrase question.
pub fn unlock(unlock: &Unlock, canvas: &mut Canvas<'_>) {
    let area = inside(canvas);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, area);
    rows.gap();
    rows.text("This profile is locked.", styles.text);
    rows.gap();
    hidden(&mut rows, "Passphrase  ", &unlock.passphrase, !unlock.busy);
    rows.gap();
    if unlock.busy {
        rows.line("Opening.", styles.dim);
    }
    if let Some(words) = &unlock.trouble {
        rows.text(words, styles.warn);
        rows.gap();
    }
    rows.line("Enter opens   Ctrl-Q leaves", styles.dim);
}

/// A field whose text is not shown.
pub fn hidden(rows: &mut Rows<'_, '_>, label: &str, line: &Line, focus: bool) {
    let mark = rows.theme().marks.hidden;
    let shown = mark.repeat(line.text().chars().count().min(64));
    let before = mark.repeat(line.before().chars().count().min(64));
    rows.field(label, &shown, &before, focus);
}

/// A page of the first run; `requests` are of people who ask already.
pub fn draw(setup: &Setup, requests: &[Request], canvas: &mut Canvas<'_>) {
    let area = inside(canvas);
    if let Page::People(invite) = &setup.page {
        if invite.code_only {
            return overlays::code_alone(invite, canvas);
        }
        return people(invite, requests, canvas);
    }
    let mut rows = Rows::new(canvas, area);
    steps(&mut rows, &setup.page);
    match &setup.page {
        Page::Name => name(setup, &mut rows),
        Page::Lock => lock(setup, &mut rows),
        Page::Words(page) => words_page(page, &mut rows, true),
        Page::People(_) => {}
    }
    let lines: &[&str] = match &setup.page {
        Page::Name => {
            &["Enter next   Ctrl-C leave (nothing is sent before step 4)", "Enter next   Ctrl-C leave"]
        }
        Page::Lock => &["Enter next   Esc back   Ctrl-C leave"],
        _ => &["Ctrl-C leave"],
    };
    if rows.y() < area.bottom() {
        foot(canvas, area, lines);
    }
}

/// The longest of some lines that fits, on the last row.
fn foot(canvas: &mut Canvas<'_>, area: Rect, lines: &[&str]) {
    let fits = lines.iter().find(|line| text::columns(line) <= usize::from(area.width));
    if let Some(line) = fits.or(lines.last()) {
        canvas.put(area.x, area.bottom().saturating_sub(1), area.width, line, canvas.theme.styles.dim);
    }
}

fn steps(rows: &mut Rows<'_, '_>, page: &Page) {
    let at = match page {
        Page::Name => 0,
        Page::Lock => 1,
        Page::Words(_) => 2,
        Page::People(_) => 3,
    };
    let done = rows.theme().marks.done;
    let gap = if rows.width() >= 50 { "   " } else { " " };
    let steps: Vec<String> = ["1 Name", "2 Lock", "3 Words", "4 People"]
        .iter()
        .enumerate()
        .map(|(nth, step)| {
            let mark = if nth < at {
                done
            } else if nth == at {
                ">"
            } else {
                " "
            };
            format!("{mark} {step}")
        })
        .collect();
    let style = rows.theme().styles.strong;
    rows.line(&steps.join(gap), style);
    rows.gap();
}

fn name(setup: &Setup, rows: &mut Rows<'_, '_>) {
    let styles = rows.theme().styles;
    rows.text("Welcome. No phone number, no e-mail, no server account.", styles.text);
    rows.gap();
    rows.text("What should people call you?", styles.text);
    rows.gap();
    rows.field("> ", setup.name.text(), setup.name.before(), true);
    rows.gap();
    rows.text("Only people you talk to see it. You can change it at any time.", styles.dim);
    if let Some(words) = &setup.trouble {
        rows.gap();
        rows.text(words, styles.warn);
    }
}

fn lock(setup: &Setup, rows: &mut Rows<'_, '_>) {
    let styles = rows.theme().styles;
    rows.text("How should Starling lock your keys when it is closed?", styles.text);
    rows.gap();
    let wide = rows.width() >= 60;
    for (lock, word, note, short) in [
        (true, "Passphrase", "you type it at each start", "typed at each start"),
        (false, "No lock", "anyone at this login can read your chats", "open to anyone here"),
    ] {
        let chosen = if setup.with_lock == lock { "(*)" } else { "( )" };
        let here = if setup.field == 0 && setup.with_lock == lock { ">" } else { " " };
        let line = if wide {
            format!("{here} {chosen} {word:<14} {note}")
        } else {
            format!("{here} {chosen} {word}: {short}")
        };
        rows.line(&line, if setup.with_lock == lock { styles.strong } else { styles.text });
    }
    rows.gap();
    if setup.with_lock {
        let width = rows.width();
        hidden(rows, "Passphrase  ", &setup.passphrase, setup.field == 1);
        hidden(rows, "Again       ", &setup.again, setup.field == 2);
        let same = if setup.again.is_empty() {
            ""
        } else if setup.again.text() == setup.passphrase.text() {
            ", the same twice"
        } else {
            ", not the same yet"
        };
        let word = strength(setup.passphrase.text());
        let line = if word.is_empty() { String::new() } else { format!("            {word}{same}") };
        rows.line(&text::cut(&line, usize::from(width), ""), styles.dim);
    }
    rows.gap();
    if setup.busy {
        rows.line("Making your keys on this computer.", styles.dim);
    } else if let Some(words) = &setup.trouble {
        rows.text(words, styles.warn);
    } else {
        rows.text("Up and Down choose. A lost passphrase cannot be reset; the 24 words of the next page can bring your account back.", styles.dim);
    }
}

fn words_page(page: &WordsPage, rows: &mut Rows<'_, '_>, first_run: bool) {
    let styles = rows.theme().styles;
    if let Some(check) = &page.check {
        return check_page(check, rows);
    }
    rows.text(
        "Write these 24 words on paper. They are your account. Anyone who has them is you.",
        styles.text,
    );
    rows.gap();
    let columns = if rows.width() >= 46 {
        4
    } else if rows.width() >= 24 {
        2
    } else {
        1
    };
    let down = 24usize.div_ceil(columns);
    for row in 0..down {
        let line: String = (0..columns)
            .map(|column| {
                let place = column * down + row + 1;
                format!("{place:>2} {:<9}", page.word(place))
            })
            .collect();
        rows.line(line.trim_end(), styles.strong);
    }
    rows.gap();
    rows.line("Enter   I wrote them down: check two of them", styles.text);
    if first_run {
        rows.line("l       later (the chat list reminds you)", styles.text);
    }
}

fn check_page(check: &Check, rows: &mut Rows<'_, '_>) {
    let styles = rows.theme().styles;
    let place = check.places.get(check.answered).copied().unwrap_or(1);
    rows.text("Two of them, to be sure.", styles.text);
    rows.gap();
    rows.field(&format!("Word {place}: "), check.field.text(), check.field.before(), true);
    rows.gap();
    if check.wrong {
        rows.text("That is not the word. Look at your paper again.", styles.warn);
    }
    rows.line("Enter checks   Esc shows the words again", styles.dim);
}

/// The 24 words as a box over the main screen.
pub fn words_box(page: &WordsPage, canvas: &mut Canvas<'_>) {
    let inside = canvas.boxed("Your 24 words", "Esc", 52, 14);
    words_page(page, &mut Rows::new(canvas, inside), false);
}

fn people(invite: &crate::screen::model::overlay::InviteBox, requests: &[Request], canvas: &mut Canvas<'_>) {
    let area = inside(canvas);
    let styles = canvas.theme.styles;
    let mut rows = Rows::new(canvas, area);
    steps(&mut rows, &Page::People(invite.clone()));
    rows.text("You are ready. Bring somebody in: send the link, or show the code.", styles.text);
    match requests {
        [] => {}
        [one] => {
            rows.text(
                &format!("{} asks to write to you: Enter shows it.", clean::line(&one.name)),
                styles.strong,
            );
        }
        several => {
            rows.text(
                &format!("{} people ask to write to you: Enter shows them.", several.len()),
                styles.strong,
            );
        }
    }
    let top = rows.y();
    let page = Rect { y: top, height: area.bottom().saturating_sub(top + 1), ..area };
    overlays::invite_page(invite, canvas, page);
    let lines: &[&str] = if !invite.field.is_empty() {
        &["Enter ask them   Esc clear"]
    } else if !requests.is_empty() {
        &[
            "Enter who asks   n people near you   c copy   q code   v paste a link",
            "Enter who asks   c copy   q code",
        ]
    } else {
        &[
            "Enter go to #lobby   n people near you   c copy again   q code alone   v paste a link",
            "Enter #lobby   n people near you   c copy   q code alone   v paste a link",
            "Enter #lobby   n people near you   c copy   q code",
            "Enter #lobby  n near  c copy  q code",
        ]
    };
    foot(canvas, area, lines);
}

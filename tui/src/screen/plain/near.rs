//! People near one and the words two people compare, as lines, and what an answer does there.

use super::choose::{Shown, ask, key, numbered, pick, row};
use crate::screen::model::Model;
use crate::screen::model::near::{Compared, NearBox};
use crate::screen::msg::Msg;
use crate::screen::text::clean;
use crossterm::event::KeyCode;

/// The page.
pub fn page(page: &NearBox) -> Shown {
    if let Some(words) = &page.trouble {
        return Shown::Tell(vec![format!("problem: {}", clean::line(words))]);
    }
    if let Some(request) = &page.asks {
        let what = format!("question: {} asks you. Accept?", clean::line(&request.name));
        return ask(vec![what], "yes, no, or Enter ends the search");
    }
    let Some(list) = &page.list else { return Shown::Wait };
    if list.is_empty() {
        let looking = "near: nobody yet. While you look, whoever looks on this network sees your name. Guest networks \
                       often keep devices apart; /net test tries.";
        return ask(vec![looking.to_owned()], "Enter ends the search");
    }
    let mut lines = vec!["near:".to_owned()];
    lines.extend(numbered(list.iter().map(|one| {
        let contact = if one.contact { ", one of your people" } else { "" };
        format!("{}{contact}", clean::line(&one.name))
    })));
    ask(lines, "which number, or Enter ends the search")
}

/// The answer to it.
pub fn on_page(page: &NearBox, line: &str) -> Vec<Msg> {
    match (&page.asks, line) {
        (Some(_), "yes") => vec![key(KeyCode::Enter)],
        (Some(_), "no") => vec![key(KeyCode::Char('x'))],
        (Some(_), _) => Vec::new(),
        (None, _) => {
            let people = page.list.as_ref().map_or(0, Vec::len);
            row(line, people).map(|row| pick(page.at, row, KeyCode::Enter)).unwrap_or_default()
        }
    }
}

/// Three words.
pub fn words(model: &Model, shown: &Compared) -> Shown {
    let name = clean::line(&model.name_of(&shown.account));
    if shown.differs {
        let what = format!(
            "! Then somebody may be in between you and {name}: do not trust this chat. Try once more side by side; if they \
             differ again, block, and meet in person."
        );
        return ask(vec![what], "block, or Enter");
    }
    let what =
        format!("question: your words with {name} are: {}. Say them to each other.", shown.words.join(" "));
    ask(vec![what], "same, different, or Enter for later")
}

/// The answer to them.
pub fn on_words(shown: &Compared, line: &str) -> Vec<Msg> {
    match (shown.differs, line) {
        (false, "same") => vec![key(KeyCode::Enter)],
        (false, "different") => vec![key(KeyCode::Char('x'))],
        (true, "block") => vec![key(KeyCode::Char('b'))],
        _ => Vec::new(),
    }
}

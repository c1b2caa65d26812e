//! The guided first run and the passphrase, as lines.

use super::choose::{Asked, Shown, ask, clear, key, paste};
use super::facts;
use super::words::here;
use crate::screen::model::setup::{Page, Setup, Unlock, WordsPage, strength};
use crate::screen::model::{Model, Place, words as said};
use crate::screen::msg::Msg;
use crossterm::event::KeyCode;

/// What is told before there are chats.
pub fn shown(model: &Model) -> Option<Shown> {
    if let Some(locked) = &model.locked {
        let mut lines: Vec<String> =
            locked.trouble.iter().map(|trouble| format!("problem: {trouble}")).collect();
        lines.push("Locked. Your passphrase opens it again.".to_owned());
        return Some(if locked.busy { Shown::Wait } else { secret(lines, "passphrase") });
    }
    match &model.place {
        Place::Starting => Some(Shown::Wait),
        Place::Setup(setup) => Some(page(model, setup)),
        Place::Unlock(unlock) => Some(passphrase(unlock)),
        Place::Main => None,
        Place::Broken(trouble) => {
            Some(Shown::Tell(vec![format!("problem: {}", here(&said::trouble(trouble)))]))
        }
    }
}

fn secret(lines: Vec<String>, prompt: &str) -> Shown {
    Shown::Ask(Asked { lines, prompt: prompt.to_owned(), secret: true })
}

fn passphrase(unlock: &Unlock) -> Shown {
    if unlock.busy {
        return Shown::Wait;
    }
    secret(unlock.trouble.iter().map(|trouble| format!("problem: {trouble}")).collect(), "passphrase")
}

fn page(model: &Model, setup: &Setup) -> Shown {
    if setup.busy {
        return Shown::Wait;
    }
    let mut lines: Vec<String> = setup.trouble.iter().map(|trouble| format!("problem: {trouble}")).collect();
    match (&setup.page, setup.field) {
        (Page::Name, _) => {
            lines.push("Welcome. No phone number, no e-mail, no server account.".to_owned());
            lines
                .push("step 1 of 4: what should people call you? Only people you talk to see it.".to_owned());
            ask(lines, "name")
        }
        (Page::Lock, 2) if setup.with_lock => {
            lines.push(format!("That one is {}. Once more:", strength(setup.passphrase.text())));
            secret(lines, "passphrase again")
        }
        (Page::Lock, _) => {
            lines.push(
                "step 2 of 4: a passphrase locks your chats on this computer. It cannot be reset. Enter alone: no \
                 lock, and anybody who can read your files can read your chats."
                    .to_owned(),
            );
            secret(lines, "passphrase")
        }
        (Page::Words(page), _) => match words(page) {
            Shown::Ask(mut asked) if page.check.is_none() => {
                asked.lines.insert(0, "step 3 of 4: these 24 words are your account.".to_owned());
                asked.prompt = "Enter checks two of them, later puts it off".to_owned();
                Shown::Ask(asked)
            }
            shown => shown,
        },
        (Page::People(shown), _) => {
            match (&shown.invite, &shown.trouble) {
                (_, Some(trouble)) => lines.push(format!("problem: {}", here(trouble))),
                (Some(made), None) => {
                    lines.push("step 4 of 4: bring somebody in.".to_owned());
                    lines.extend(facts::link(model, made));
                }
                (None, None) => return Shown::Wait,
            }
            ask(lines, "a link you were given, or Enter goes on")
        }
    }
}

/// The 24 words by number, then the question for two of them.
pub fn words(page: &WordsPage) -> Shown {
    match &page.check {
        None => {
            let mut lines = vec!["Write these 24 words on paper. Anyone who has them is you.".to_owned()];
            lines.extend((1..=24).map(|place| format!("{place} {}", page.word(place))));
            ask(lines, "Enter checks two of them, no leaves")
        }
        Some(check) => {
            let wrong = if check.wrong { "That is not it. " } else { "" };
            let place = check.places.get(check.answered).copied().unwrap_or(1);
            ask(vec![format!("{wrong}What is word {place}?")], "word")
        }
    }
}

/// What a typed line does there.
pub fn answer(model: &Model, line: &str) -> Vec<Msg> {
    let enter = || vec![clear(), paste(line), key(KeyCode::Enter)];
    if model.locked.is_some() {
        return if line.is_empty() { Vec::new() } else { enter() };
    }
    let Place::Setup(setup) = &model.place else {
        return match &model.place {
            Place::Unlock(_) if !line.is_empty() => enter(),
            _ => Vec::new(),
        };
    };
    match (&setup.page, setup.field) {
        (Page::Lock, 2) => enter(),
        // Up to the choice, down to "no lock".
        (Page::Lock, _) if line.is_empty() => {
            vec![key(KeyCode::BackTab), key(KeyCode::Down), key(KeyCode::Enter)]
        }
        (Page::Words(page), _) if page.check.is_none() => match line.trim() {
            "later" => vec![key(KeyCode::Char('l'))],
            _ => vec![key(KeyCode::Enter)],
        },
        (Page::Words(_), _) | (Page::Name, _) => vec![clear(), paste(line.trim()), key(KeyCode::Enter)],
        (Page::People(_), _) if line.trim().is_empty() => vec![clear(), key(KeyCode::Enter)],
        _ => enter(),
    }
}

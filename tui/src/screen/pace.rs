//! Spares the node the same question over and over: a flood of events makes the screen want its lists anew with each of
//! them, and one answer a moment later says the same. Must not touch what a person did.

use super::msg::{Effect, RoomWish};
use std::mem::{Discriminant, discriminant};

/// Milliseconds between two readings of the same list. Lower asks more than anybody can read; higher shows a list that
/// is behind.
const EVERY_MS: u64 = 250;

/// A question that is held back or was asked of late.
#[derive(Debug)]
struct Question {
    kind: Discriminant<Effect>,
    asked_ms: u64,
    held: Option<Effect>,
}

/// What was asked of late. There are no more kinds than [`is_reading`] knows.
#[derive(Debug, Default)]
pub struct Pace {
    questions: Vec<Question>,
}

/// Whether an effect only reads something whole, so that asking twice is asking once.
fn is_reading(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Chats | Effect::People | Effect::Requests | Effect::Status | Effect::Room(RoomWish::List)
    )
}

impl Pace {
    /// Gives an effect back if it is to be done now; else it is held until [`Pace::due`].
    pub fn pass(&mut self, effect: Effect, now_ms: u64) -> Option<Effect> {
        if !is_reading(&effect) {
            return Some(effect);
        }
        let kind = discriminant(&effect);
        match self.questions.iter_mut().find(|question| question.kind == kind) {
            Some(question) if now_ms < question.asked_ms + EVERY_MS => {
                question.held = Some(effect);
                None
            }
            Some(question) => {
                (question.asked_ms, question.held) = (now_ms, None);
                Some(effect)
            }
            None => {
                self.questions.push(Question { kind, asked_ms: now_ms, held: None });
                Some(effect)
            }
        }
    }

    /// What was held and is to be done now.
    pub fn due(&mut self, now_ms: u64) -> Vec<Effect> {
        let due = self.questions.iter_mut().filter(|question| now_ms >= question.asked_ms + EVERY_MS);
        due.filter_map(|question| {
            let held = question.held.take()?;
            question.asked_ms = now_ms;
            Some(held)
        })
        .collect()
    }

    /// When [`Pace::due`] has something.
    pub fn next_ms(&self) -> Option<u64> {
        let held = self.questions.iter().filter(|question| question.held.is_some());
        held.map(|question| question.asked_ms + EVERY_MS).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_the_same_question_is_asked_once_and_once_more_at_its_end() {
        let mut pace = Pace::default();
        assert!(pace.pass(Effect::Chats, 1_000).is_some());
        assert!((0..500).all(|_| pace.pass(Effect::Chats, 1_100).is_none()));
        assert!(pace.pass(Effect::People, 1_100).is_some());
        assert_eq!(pace.next_ms(), Some(1_250));
        assert!(pace.due(1_249).is_empty());
        assert!(matches!(pace.due(1_250)[..], [Effect::Chats]));
        assert!(pace.due(9_000).is_empty() && pace.next_ms().is_none());
        assert!(pace.pass(Effect::Chats, 9_000).is_some());
    }

    #[test]
    fn what_a_person_does_is_never_held() {
        let mut pace = Pace::default();
        for _ in 0..2 {
            assert!(pace.pass(Effect::Wake, 0).is_some());
            assert!(pace.pass(Effect::Delete { id: "m1".into() }, 0).is_some());
        }
    }
}

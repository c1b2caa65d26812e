//! Who `@ilse` is and what `#roof`: the names of people and rooms as the API shows and understands them. A name that fits
//! two is refused with both named, and nothing is ever sent to a guess (docs/user/api.md, "TO").

mod mention;
mod rooms;

use super::trouble;
use super::types::Trouble;
pub use mention::mentions;
pub use rooms::{Room, room_handle};
use starling_protocol::engine::command::{ContactState, ContactView};
use starling_protocol::ids::{AccountId, ChatId};
pub use starling_protocol::text::handle;
use std::collections::HashMap;

/// Suggestions in one error. More would hide the answer.
const SUGGESTIONS: usize = 3;

/// What is remembered of one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their account.
    pub account: AccountId,
    /// The local name.
    pub name: String,
    /// The name as it is typed, without `@`.
    pub handle: String,
    /// Whether they are forgotten.
    pub removed: bool,
    /// Whether the safety number was compared.
    pub verified: bool,
}

impl Person {
    fn shown(&self) -> String {
        format!("{} (@{})", self.name, self.handle)
    }

    fn with_id(&self) -> String {
        format!("{} {}", self.shown(), self.account)
    }
}

/// Everybody known, oneself, and all rooms.
#[derive(Debug, Clone)]
pub struct Names {
    own: AccountId,
    own_name: String,
    people: HashMap<AccountId, Person>,
    rooms: HashMap<ChatId, Room>,
}

impl Names {
    /// Only oneself.
    pub fn new(own: AccountId) -> Self {
        Self { own, own_name: String::new(), people: HashMap::new(), rooms: HashMap::new() }
    }

    /// One's own name.
    pub fn own_name(&self) -> &str {
        &self.own_name
    }

    /// Sets one's own name.
    pub fn set_own_name(&mut self, name: &str) {
        name.clone_into(&mut self.own_name);
    }

    /// Replaces everybody.
    pub fn replace(&mut self, people: &[ContactView]) {
        self.people.clear();
        for contact in people {
            self.put_view(contact);
        }
    }

    /// Takes in one contact.
    pub fn put_view(&mut self, contact: &ContactView) {
        self.put(contact.account, &contact.name, contact.state == ContactState::Removed, contact.verified);
    }

    /// Takes in one contact, by its parts.
    pub fn put(&mut self, account: AccountId, name: &str, removed: bool, verified: bool) {
        let person = Person { account, name: name.to_owned(), handle: handle(name), removed, verified };
        self.people.insert(account, person);
    }

    /// What is known of an account.
    pub fn person(&self, account: AccountId) -> Option<&Person> {
        self.people.get(&account)
    }

    /// A name to show for an account.
    pub fn name(&self, account: AccountId) -> String {
        if account == self.own {
            return self.own_name.clone();
        }
        self.person(account).map_or_else(|| short(&account.to_string()), |person| person.name.clone())
    }

    /// A chat as it is written on the command line: `@ilse`, `#roof`, `me`, or its id.
    pub fn chat_name(&self, chat: ChatId) -> String {
        if chat.account() == self.own {
            return "me".to_owned();
        }
        if let Some(room) = self.room(chat) {
            return room.handle.clone();
        }
        self.person(chat.account()).map_or_else(|| chat.to_string(), |person| format!("@{}", person.handle))
    }

    /// The chat that `to` names.
    ///
    /// # Errors
    /// Exit 4, with the ones that were perhaps meant, when it fits nobody or several.
    pub fn chat(&self, to: &str) -> Result<ChatId, Trouble> {
        let to = to.trim();
        if to == "me" {
            return Ok(ChatId::from(self.own));
        }
        if to.starts_with("chat:") {
            return to.parse().map_err(|_| not_an_id(to));
        }
        if let Some(name) = to.strip_prefix('#') {
            return self.by_room_name(name);
        }
        if to.starts_with("room:") {
            return self.by_room_id(to);
        }
        if to.starts_with("account:") {
            let account: AccountId = to.parse().map_err(|_| not_an_id(to))?;
            if account == self.own || self.people.contains_key(&account) {
                return Ok(ChatId::from(account));
            }
            return Err(trouble::no_such(
                "Nobody you know has this id",
                "`starling people --json` lists the ids.",
            ));
        }
        let rooms =
            if to.starts_with('@') || to.is_empty() { Vec::new() } else { self.rooms_named(&handle(to)) };
        match (rooms.as_slice(), self.by_name(to)) {
            ([], person) => person.map(|person| ChatId::from(person.account)),
            ([room], Err(_)) if self.named(to).is_empty() => Ok(ChatId::from(room.room)),
            (several, _) => {
                let people = self.named(to).into_iter().map(Person::with_id);
                Err(rooms::ambiguous(to, people.chain(several.iter().map(|room| room.shown())).collect()))
            }
        }
    }

    /// The contact that `who` names.
    ///
    /// # Errors
    /// As [`Self::chat`], and when it is oneself.
    pub fn contact(&self, who: &str) -> Result<AccountId, Trouble> {
        let chat = self.chat(who)?;
        if let Some(room) = self.room(chat) {
            return Err(trouble::misuse(format!("{} is a room", room.handle), "Name one of your contacts."));
        }
        let account = chat.account();
        if account == self.own {
            return Err(trouble::misuse("That is yourself", "Name one of your contacts."));
        }
        Ok(account)
    }

    fn by_name(&self, to: &str) -> Result<&Person, Trouble> {
        let name = to.strip_prefix('@').unwrap_or(to).trim();
        if name.is_empty() {
            return Err(trouble::misuse("There is no name", "Write @name, `me`, or an id."));
        }
        match self.named(name).as_slice() {
            [one] => Ok(one),
            [] => Err(self.nobody(name, &handle(name))),
            several => {
                let mut both: Vec<String> = several.iter().copied().map(Person::with_id).collect();
                both.sort();
                Err(trouble::no_such(
                    format!("\"{}\" fits {} people: {}", short(name), several.len(), both.join(", ")),
                    "Use the id, or give one of them another name with `starling people rename`.",
                ))
            }
        }
    }

    /// People of a name; those forgotten only if there is no other.
    fn named(&self, name: &str) -> Vec<&Person> {
        let wanted = handle(name);
        let fits = |person: &&Person| person.handle == wanted || person.name == name;
        let mut found: Vec<&Person> = self.people.values().filter(fits).collect();
        if found.iter().any(|person| !person.removed) {
            found.retain(|person| !person.removed);
        }
        found
    }

    fn nobody(&self, name: &str, wanted: &str) -> Trouble {
        let mut near: Vec<(usize, &Person)> = self
            .people
            .values()
            .filter(|person| !person.removed)
            .filter_map(|person| nearness(wanted, &person.handle).map(|distance| (distance, person)))
            .collect();
        near.sort_by(|(a, left), (b, right)| a.cmp(b).then_with(|| left.name.cmp(&right.name)));
        let what = format!("There is no \"{}\" among your people", short(name));
        if near.is_empty() {
            return trouble::no_such(
                what,
                "`starling people` lists them; `starling add LINK` adds somebody.",
            );
        }
        let meant: Vec<String> = near.iter().take(SUGGESTIONS).map(|(_, person)| person.shown()).collect();
        trouble::no_such(
            what,
            format!("Did you mean {}? Add somebody with `starling add LINK`.", meant.join(", ")),
        )
    }
}

fn not_an_id(text: &str) -> Trouble {
    trouble::no_such(format!("{:?} is not a whole id", short(text)), "Copy the id from --json, all of it.")
}

/// At most 40 characters, no control characters.
pub(crate) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// How near two handles are; none when they have little in common. 0 is a prefix of the whole or of a word.
fn nearness(wanted: &str, handle: &str) -> Option<usize> {
    if handle.starts_with(wanted) || handle.split('-').any(|word| word.starts_with(wanted)) {
        return Some(0);
    }
    let bound = (wanted.chars().count() / 3).clamp(1, 3);
    let whole = distance(wanted, handle);
    let words = handle.split('-').map(|word| distance(wanted, word)).min().unwrap_or(whole);
    Some(whole.min(words)).filter(|distance| *distance <= bound)
}

/// Edits (insert, delete, replace, swap of neighbours) between two short texts, of which 64 characters count.
pub fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(64).collect();
    let right: Vec<char> = right.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (line, l) in left.iter().enumerate() {
        let mut next = vec![line + 1];
        for (column, r) in right.iter().enumerate() {
            let cell = |cells: &[usize], at: usize| cells.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best = (cell(&row, column) + usize::from(l != r))
                .min(cell(&row, column + 1) + 1)
                .min(cell(&next, column) + 1);
            let previous = column.checked_sub(1).and_then(|at| right.get(at));
            if last == Some(r) && previous == Some(l) {
                best = best.min(cell(&before, column.saturating_sub(1)) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(l);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;

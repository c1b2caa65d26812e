//! What happens in the played conversation: others write, come and go, marks get further, the network breaks and heals.

use super::story::{ANSWERS, BEFORE, Turn, WELCOME};
use super::world::{Demo, Due, Person, Talk, World};
use super::{cast, clock};
use crate::screen::msg::Msg;
use starling_node::api::types::{
    Chat, Contact, Counts, Kept, Message, Network, Object, Presence, Receipt, Recipient, Typing, V,
};

/// Milliseconds after which somebody who is here has a message.
const DELIVERED_MS: u64 = 350;
/// Milliseconds after which they have read it.
const READ_MS: u64 = 1_500;
/// Milliseconds after which they begin to answer.
const ANSWER_MS: u64 = 2_600;
/// Milliseconds after which a mailbox has it, for somebody who is away.
const MAILBOX_MS: u64 = 900;
/// Milliseconds somebody writes for, per character and at most.
const WRITES_MS: u64 = 38;
const WRITES_MOST_MS: u64 = 3_500;
/// Milliseconds after which somebody without a network tries again to say something.
const AGAIN_MS: u64 = 2_000;
/// Milliseconds a mailbox promises.
const KEPT_MS: u64 = 14 * 24 * 3_600_000;

/// Puts the people and what was said before into a world.
pub fn fill(world: &mut World) {
    world.people = cast::PEOPLE
        .map(|one| Person { id: one.0.to_owned(), contact: cast::contact(one), road: one.3.to_owned() })
        .into();
    for id in ["roof", "ilse", "tomas", "dad"] {
        world.talks.push(Talk { row: cast::row(id, 0), messages: Vec::new() });
    }
    for (chat, minutes, who, text) in BEFORE {
        let chat = format!("chat:demo-{chat}");
        let to = recipients(world, &chat, minutes);
        let Some(made) = world.write(&chat, who, clock::before(minutes), text) else { continue };
        if let Some(message) = world.message_mut(&made.id).filter(|message| message.from.me) {
            message.recipients = to;
            settle(message);
        }
    }
}

/// Those to whom an own message of the past went: all have read it.
fn recipients(world: &World, chat: &str, minutes: u64) -> Vec<Recipient> {
    let all = to(world, chat);
    let read =
        |id: String| Recipient { state: "read".to_owned(), ..cast::recipient(&id, clock::before(minutes)) };
    all.into_iter().map(read).collect()
}

/// The short ids of those to whom a message in a chat goes.
fn to(world: &World, chat: &str) -> Vec<String> {
    let Some(talk) = world.talk(chat) else { return Vec::new() };
    let all = world.people.iter();
    match talk.row.kind.as_str() {
        "room" => {
            let inside = |id: &str| cast::PEOPLE.iter().any(|one| one.0 == id);
            all.filter(|person| inside(&person.id)).map(|person| person.id.clone()).collect()
        }
        "person" => all
            .filter(|person| talk.row.account.as_ref() == Some(&person.contact.account))
            .map(|person| person.id.clone())
            .collect(),
        _ => Vec::new(),
    }
}

/// The state of a whole message is the least of its recipients'.
fn settle(message: &mut Message) {
    let steps = ["queued", "mailbox", "delivered", "read"];
    let step = |state: &str| steps.iter().position(|one| *one == state).unwrap_or(0);
    let least = message.recipients.iter().map(|one| step(&one.state)).min().unwrap_or(2);
    message.state = steps.get(least).unwrap_or(&"queued").to_string();
    let number = |from: usize, below: usize| {
        let count = message.recipients.iter().filter(|one| (from..below).contains(&step(&one.state))).count();
        u32::try_from(count).unwrap_or(0)
    };
    let of = u32::try_from(message.recipients.len()).unwrap_or(0);
    message.counts = (of > 1).then(|| Counts {
        delivered: number(2, 4),
        read: number(3, 4),
        mailbox: number(1, 2),
        queued: number(0, 1),
        failed: 0,
        of,
    });
    message.kept =
        message.recipients.iter().find_map(|one| one.kept.clone()).filter(|_| message.state == "mailbox");
}

/// Reacts to a message in somebody's name; nothing takes it back.
pub fn react(message: &mut Message, name: &str, emoji: &str) {
    for names in message.reactions.values_mut() {
        names.retain(|one| one != name);
    }
    message.reactions.retain(|_, names| !names.is_empty());
    if !emoji.is_empty() {
        message.reactions.entry(emoji.to_owned()).or_default().push(name.to_owned());
    }
}

/// An own message was written: it goes on its way, and somebody answers.
pub fn sent(world: &mut World, chat: &str, id: &str) {
    let to = to(world, chat);
    let at = world.time();
    if let Some(message) = world.message_mut(id) {
        message.recipients = to.iter().map(|one| cast::recipient(one, at.clone())).collect();
        settle(message);
    }
    for (nth, who) in (0_u64..).zip(&to) {
        carry(world, chat, id, who, nth * 220);
    }
    let here = |who: &String| world.reached(&cast::account(who));
    let answers = to.iter().find(|who| here(who) && (*who == "tomas" || to.len() == 1));
    let Some(who) = answers.cloned() else { return };
    let lines: &[&'static str] = if world.demo == Demo::New { &WELCOME } else { &ANSWERS };
    let text = lines.get(world.answered % lines.len().max(1)).copied().unwrap_or("👍");
    world.answered += 1;
    let ids = (short(chat), cast::PEOPLE.iter().find(|one| one.0 == who).map(|one| one.0));
    if let (Some(chat), Some(who)) = ids {
        world.plan(ANSWER_MS, Due::Turn(Turn::Says { chat, who, text }));
    }
}

/// The short id of a chat of the story.
fn short(chat: &str) -> Option<&'static str> {
    let id = chat.strip_prefix("chat:demo-")?;
    ["roof", "ilse", "tomas", "dad"].into_iter().find(|one| *one == id)
}

/// Plans how a message reaches somebody, by how they are now.
fn carry(world: &mut World, chat: &str, id: &str, who: &str, later_ms: u64) {
    let reaches =
        |state| Due::Reaches { chat: chat.to_owned(), id: id.to_owned(), who: who.to_owned(), state };
    if world.reached(&cast::account(who)) {
        world.plan(later_ms + DELIVERED_MS, reaches("delivered"));
        world.plan(later_ms + READ_MS, reaches("read"));
    } else if world.connected() {
        world.plan(later_ms + MAILBOX_MS, reaches("mailbox"));
    }
}

/// A message gets further for one recipient, if they can still be reached.
pub fn reaches(world: &mut World, chat: &str, id: &str, who: &str, state: &'static str, out: &mut Vec<Msg>) {
    let possible = if state == "mailbox" { world.connected() } else { world.reached(&cast::account(who)) };
    if !possible {
        return;
    }
    let (at, until) = (world.time(), clock::text(world.now_ms.saturating_add(KEPT_MS)));
    let Some(message) = world.message_mut(id) else { return };
    let Some(one) = message.recipients.iter_mut().find(|one| one.account == cast::account(who)) else {
        return;
    };
    if one.state == "read" || one.state == state {
        return;
    }
    state.clone_into(&mut one.state);
    one.at.clone_from(&at);
    one.kept = (state == "mailbox").then_some(Kept { mailboxes: 1, until: Some(until) });
    let receipt = Receipt {
        v: V,
        cursor: String::new(),
        id: id.to_owned(),
        chat: chat.to_owned(),
        who: one.account.clone(),
        state: state.to_owned(),
        reason: None,
        at: at.clone(),
        message_state: String::new(),
        kept: one.kept.clone(),
        attempt: 1,
    };
    settle(message);
    message.state_at = at;
    let receipt = Receipt { message_state: message.state.clone(), ..receipt };
    out.push(event(Object::Receipt(receipt)));
}

fn event(object: Object) -> Msg {
    Msg::Event(Box::new(object))
}

/// Plays one turn of the story.
pub fn play(world: &mut World, turn: Turn, out: &mut Vec<Msg>) {
    match turn {
        Turn::Says { chat, who, text } => begins(world, chat, who, text, out),
        Turn::Comes { who, via } => {
            if let Some(person) = world.people.iter_mut().find(|person| person.id == who) {
                via.clone_into(&mut person.road);
            }
            shows(world, who, out);
            roads(world);
        }
        Turn::Network(state) => {
            state.clone_into(&mut world.network);
            everybody(world);
        }
        Turn::Asks { who, name, note } => {
            let request = cast::request(who, name, note, world.time());
            world.requests.push(request.clone());
            out.push(event(Object::Request(request)));
        }
        Turn::Reacts { chat, who, emoji } => {
            let name = cast::name(who, &world.own);
            let chat = format!("chat:demo-{chat}");
            let talk = world.talk_mut(&chat);
            if let Some(message) = talk.and_then(|talk| talk.messages.iter_mut().rfind(|one| one.from.me)) {
                react(message, &name, emoji);
                out.push(event(Object::Message(Box::new(message.clone()))));
            }
        }
    }
}

/// Somebody begins to write; without a network they wait for it.
fn begins(world: &mut World, chat: &'static str, who: &'static str, text: &'static str, out: &mut Vec<Msg>) {
    let account = cast::account(who);
    if !world.reached(&account) {
        world.plan(AGAIN_MS, Due::Turn(Turn::Says { chat, who, text }));
        return;
    }
    let typing = Typing { v: V, cursor: String::new(), chat: format!("chat:demo-{chat}"), account, on: true };
    out.push(event(Object::Typing(typing)));
    let letters = u64::try_from(text.chars().count()).unwrap_or(WRITES_MOST_MS);
    world.plan((letters * WRITES_MS).min(WRITES_MOST_MS), Due::Sends { chat, who, text });
}

/// What somebody wrote arrives.
pub fn sends(
    world: &mut World,
    chat: &'static str,
    who: &'static str,
    text: &'static str,
    out: &mut Vec<Msg>,
) {
    if !world.reached(&cast::account(who)) {
        world.plan(AGAIN_MS, Due::Turn(Turn::Says { chat, who, text }));
        return;
    }
    let (id, at, own) = (format!("chat:demo-{chat}"), world.time(), world.own.clone());
    let via = world.people.iter().find(|person| person.id == who).map(|person| person.road.clone());
    let Some(made) = world.write(&id, who, at, text) else { return };
    let Some(message) = world.message_mut(&made.id) else { return };
    message.unread = true;
    message.via = via.unwrap_or_default();
    let told = message.clone();
    if let Some(talk) = world.talk_mut(&id) {
        talk.row.unread += 1;
        talk.row.mentions += u64::from(talk.row.kind == "room" && text.contains(&format!("@{own}")));
    }
    out.push(event(Object::Message(Box::new(told))));
}

/// Everybody is shown anew: the network, or one's own presence, is another one.
pub fn everybody(world: &mut World) {
    let ids: Vec<String> = world.people.iter().map(|person| person.id.clone()).collect();
    let mut out = Vec::new();
    for id in ids {
        shows(world, &id, &mut out);
    }
    for msg in out {
        world.plan(0, Due::Tell(Box::new(msg)));
    }
    roads(world);
}

/// The network is told anew: its state, or who is connected, is another one.
pub fn roads(world: &mut World) {
    let people: Vec<Contact> = world.people.iter().map(|person| person.contact.clone()).collect();
    let network = Network { invisible: world.invisible, ..cast::network(&world.network, &people, 0) };
    world.plan(0, Due::Tell(Box::new(event(Object::Network(network)))));
}

/// How somebody is, by the network and their road; what waits for them goes on.
fn shows(world: &mut World, id: &str, out: &mut Vec<Msg>) {
    let (connected, at) = (world.connected(), world.time());
    let Some(person) = world.people.iter_mut().find(|person| person.id == id) else { return };
    let via = if connected { person.road.clone() } else { "none".to_owned() };
    if person.contact.via == via {
        // Who was away all the time has mailboxes again.
        return waiting(world, id);
    }
    let online = via != "none";
    let contact = &mut person.contact;
    if !online {
        contact.last_seen = Some(at);
    }
    contact.presence = if online { "online" } else { "offline" }.to_owned();
    contact.via.clone_from(&via);
    let (account, presence, seen) =
        (contact.account.clone(), contact.presence.clone(), contact.last_seen.clone());
    let own = |row: &Chat| row.account.as_ref() == Some(&account);
    for talk in world.talks.iter_mut().filter(|talk| own(&talk.row)) {
        talk.row.presence.clone_from(&presence);
        talk.row.via.clone_from(&via);
        talk.row.last_seen = if online { None } else { seen.clone() };
    }
    let told = Presence { v: V, cursor: String::new(), account, state: presence, via, text: None };
    out.push(event(Object::Presence(told)));
    waiting(world, id);
}

/// Own messages somebody does not have yet go on their way again.
fn waiting(world: &mut World, id: &str) {
    let account = cast::account(id);
    let lacks = |message: &Message| {
        message
            .recipients
            .iter()
            .any(|one| one.account == account && matches!(one.state.as_str(), "queued" | "mailbox"))
    };
    let found: Vec<(String, String)> = world
        .talks
        .iter()
        .flat_map(|talk| &talk.messages)
        .filter(|message| lacks(message))
        .map(|message| (message.chat.clone(), message.id.clone()))
        .collect();
    for (nth, (chat, message)) in (0_u64..).zip(found) {
        carry(world, &chat, &message, id, nth * 150);
    }
}

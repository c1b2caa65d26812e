//! What the played node answers to each effect.

use super::story::Turn;
use super::world::{CALL_MS, Demo, Due, Person, Talk, World};
use super::{cast, clock, turns, wishes};
use crate::screen::model::chatlog::PAGE;
use crate::screen::msg::{Effect, MailWish, Msg, NearNews, NearWish, RoomNews, RoomWish};
use starling_node::api::types::{
    Account, Contact, Done, Message, Net, Object, Outbox, Peers, Sent, Status, StoreFigures, Trouble, V,
};
use zeroize::Zeroizing;

/// Milliseconds until the first person uses the link of the played first run.
const COMES_MS: u64 = 7_000;
/// Milliseconds of a week.
const WEEK_MS: u64 = 7 * 24 * 3_600_000;

/// The answer to an effect, if it has one.
pub fn answer(world: &mut World, effect: Effect) -> Option<Msg> {
    Some(match effect {
        Effect::Create { name, .. } => {
            world.own = name;
            Msg::Created(Ok(Zeroizing::new(cast::WORDS.to_owned())))
        }
        Effect::Open { .. } => {
            world.begin();
            Msg::Opened(Ok(world.opened()))
        }
        Effect::WordsLater(later) => {
            world.words_later = later;
            return None;
        }
        Effect::Words { .. } => Msg::Words(Ok(Zeroizing::new(cast::WORDS.to_owned()))),
        Effect::Chats => Msg::Chats(Ok(world.talks.iter().map(|talk| talk.row.clone()).collect())),
        Effect::People => Msg::People(Ok(contacts(world))),
        Effect::Requests => Msg::Requests(Ok(world.requests.clone())),
        Effect::Status => Msg::Status(Ok(Box::new(status(world)))),
        Effect::Net => Msg::Net(Ok(Box::new(net(world)))),
        Effect::NetTest => Msg::NetTest(Ok(Vec::new())),
        Effect::Log { chat } => Msg::Log { page: Ok(page(world, &chat, None)), chat },
        Effect::One { id } => Msg::One(one(world, &id)),
        Effect::Kept { id } => Msg::Kept { id, result: Ok(Vec::new()) },
        Effect::Find { text, chat } => Msg::Found { result: Ok(found(world, &text, chat.as_deref())), text },
        Effect::Mail(MailWish::List) => Msg::Mailboxes(Ok(Vec::new())),
        Effect::Near(NearWish::Look) => Msg::Near(NearNews::Seen(Ok(Vec::new()))),
        Effect::Near(NearWish::Close) => return None,
        Effect::Near(NearWish::Compare { .. }) => Msg::Near(NearNews::Compared(Err(not_played()))),
        Effect::Room(wish) => return room(world, wish),
        Effect::Talk(wish) => return wishes::talk(world, wish),
        Effect::Outside(wish) => return wishes::outside(&wish),
        Effect::Place(wish) => return wishes::place(world, wish),
        Effect::Setting(wish) => return wishes::setting(world, wish),
        other => return change(world, other),
    })
}

/// What is said where the demo ends.
pub fn not_played() -> Trouble {
    Trouble::new(
        "E-DEMO",
        2,
        "The demo does not play this",
        "Nothing was changed, and nothing was sent anywhere.",
        "Ctrl-Q leaves; `starling` without --demo is the real thing.",
    )
}

/// The same as an answer.
pub fn refused() -> Msg {
    Msg::Done { say: None, result: Err(not_played()) }
}

fn contacts(world: &World) -> Vec<Contact> {
    world.people.iter().map(|person| person.contact.clone()).collect()
}

/// The newest messages of a chat, or those before one.
pub fn page(world: &World, chat: &str, before: Option<&str>) -> Vec<Message> {
    let Some(talk) = world.talk(chat) else { return Vec::new() };
    let end = before.and_then(|id| talk.messages.iter().position(|message| message.id == id));
    let older = talk.messages.iter().take(end.unwrap_or(talk.messages.len()));
    let count = older.len();
    older.skip(count.saturating_sub(PAGE as usize)).cloned().collect()
}

fn one(world: &mut World, id: &str) -> Result<Box<Message>, Trouble> {
    world.message_mut(id).map(|message| Box::new(message.clone())).ok_or_else(not_played)
}

fn found(world: &World, text: &str, chat: Option<&str>) -> Vec<Message> {
    let wanted = text.to_lowercase();
    let within = world.talks.iter().filter(|talk| chat.is_none_or(|chat| talk.row.chat == chat));
    let all = within.flat_map(|talk| &talk.messages);
    all.filter(|message| message.text.to_lowercase().contains(&wanted)).cloned().collect()
}

fn room(world: &mut World, wish: RoomWish) -> Option<Msg> {
    let known = world.talk(cast::ROOF).is_some();
    Some(Msg::Room(match wish {
        RoomWish::List => RoomNews::List(Ok(known.then(|| cast::room(here(world))).into_iter().collect())),
        RoomWish::Members { chat } => {
            let you =
                Contact { account: cast::ME.to_owned(), ..cast::contact(("you", "Mara", "online", "none")) };
            let you = Contact { name: world.own.clone(), ..you };
            let others =
                world.people.iter().filter(|person| cast::PEOPLE.iter().any(|one| one.0 == person.id));
            let role = |person: &Person| if person.id == "tomas" { "creator" } else { "member" };
            let others = others.map(|person| cast::member(&person.contact, role(person)));
            RoomNews::Members { chat, result: Ok(others.chain([cast::member(&you, "member")]).collect()) }
        }
        RoomWish::Count { id } => RoomNews::Counted { result: one(world, &id), id },
        _ => RoomNews::Done(Err(not_played())),
    }))
}

fn here(world: &World) -> u32 {
    let here = world.people.iter().filter(|person| person.contact.presence != "offline").count();
    u32::try_from(here).unwrap_or(0).saturating_add(1)
}

fn change(world: &mut World, effect: Effect) -> Option<Msg> {
    Some(match effect {
        Effect::Send { chat, text, reply_to, reference } => {
            let result = send(world, &chat, &text, reply_to);
            Msg::Sent { chat, reference, result }
        }
        Effect::Edit { id, text } => changed(world, &id, |message| {
            message.text = text;
            message.edited = true;
        }),
        Effect::Delete { id } => changed(world, &id, |message| {
            message.text.clear();
            message.deleted = true;
        }),
        Effect::React { id, emoji } => {
            let own = world.own.clone();
            changed(world, &id, |message| turns::react(message, &own, &emoji))
        }
        Effect::MarkRead { chat, ids } => {
            let talk = world.talk_mut(&chat)?;
            for message in talk.messages.iter_mut().filter(|message| ids.contains(&message.id)) {
                message.unread = false;
            }
            talk.row.unread = talk.row.unread.saturating_sub(u64::try_from(ids.len()).unwrap_or(u64::MAX));
            talk.row.mentions = 0;
            return None;
        }
        Effect::Draft { chat, text } => {
            world.talk_mut(&chat)?.row.draft = (!text.is_empty()).then_some(text);
            return None;
        }
        Effect::Typing { .. } => return None,
        Effect::Presence { state } => return Some(presence(world, state)),
        Effect::Wake => {
            Msg::Done { say: Some("Trying all waiting connections now.".to_owned()), result: Ok(()) }
        }
        Effect::Nick { name } => {
            world.own = name;
            Msg::Named(Ok(Account { ..cast::me(&world.own) }))
        }
        other => return people(world, other),
    })
}

fn people(world: &mut World, effect: Effect) -> Option<Msg> {
    Some(match effect {
        Effect::Invite => {
            if world.demo == Demo::New && world.people.is_empty() {
                let note = "It is me, from the allotment.";
                let comes = Turn::Asks { who: "ilse", name: "Ilse Brandt", note };
                world.plan(COMES_MS, Due::Turn(comes));
            }
            Msg::Invite(Ok(cast::invite(clock::text(world.now_ms.saturating_add(WEEK_MS)))))
        }
        Effect::Accept { account } => accept(world, &account),
        Effect::Drop { account } => {
            world.requests.retain(|request| request.account != account);
            Msg::Dropped(Ok(Done { v: V, what: "dropped".to_owned() }))
        }
        Effect::Rename { account, name } => contact(world, &account, |one| one.name = name),
        Effect::Verify { account, matches } => contact(world, &account, |one| one.verified = matches),
        Effect::Visible { account, on } => contact(world, &account, |one| one.hidden = !on),
        Effect::Safety { account } => {
            let found = world.person_mut(&account).map(|person| cast::safety(&person.contact));
            Msg::Safety(found.ok_or_else(not_played))
        }
        _ => return Some(refused()),
    })
}

fn contact(world: &mut World, account: &str, change: impl FnOnce(&mut Contact)) -> Msg {
    let result = world.person_mut(account).map(|person| {
        change(&mut person.contact);
        Box::new(person.contact.clone())
    });
    Msg::Contact { then: crate::screen::msg::After::Nothing, result: result.ok_or_else(not_played) }
}

fn accept(world: &mut World, account: &str) -> Msg {
    let then = crate::screen::msg::After::Accepted;
    let Some(at) = world.requests.iter().position(|request| request.account == account) else {
        return Msg::Contact { then, result: Err(not_played()) };
    };
    let request = world.requests.remove(at);
    let id = account.trim_start_matches("account:demo-").to_owned();
    let person = cast::PEOPLE.into_iter().find(|one| one.0 == id);
    let (presence, via) = person.map_or(("online", "direct"), |one| (one.2, one.3));
    let mut contact = cast::contact(("", "", presence, via));
    contact.account = request.account;
    contact.name = request.name;
    let mut row = cast::row(&id, 0);
    row.account = Some(contact.account.clone());
    row.title.clone_from(&contact.name);
    row.verified = false;
    row.presence = presence.to_owned();
    row.via = via.to_owned();
    row.last_at = Some(world.time());
    world.talks.push(Talk { row, messages: Vec::new() });
    world.people.push(Person { id, contact: contact.clone(), road: via.to_owned() });
    turns::roads(world);
    Msg::Contact { then, result: Ok(Box::new(contact)) }
}

fn presence(world: &mut World, state: &str) -> Msg {
    world.invisible = state == "invisible";
    turns::everybody(world);
    let say =
        if world.invisible { "You are invisible." } else { "People you are connected with see how you are." };
    Msg::Done { say: Some(say.to_owned()), result: Ok(()) }
}

/// Changes a message and tells it as an event, as the node does.
pub fn changed(world: &mut World, id: &str, change: impl FnOnce(&mut Message)) -> Msg {
    let Some(message) = world.message_mut(id) else { return refused() };
    change(message);
    let told = Object::Message(Box::new(message.clone()));
    world.plan(0, Due::Tell(Box::new(Msg::Event(Box::new(told)))));
    Msg::Done { say: None, result: Ok(()) }
}

fn send(world: &mut World, chat: &str, text: &str, reply_to: Option<String>) -> Result<Sent, Trouble> {
    let at = world.time();
    let made = world.write(chat, "you", at, text).ok_or_else(not_played)?;
    if let Some(message) = world.message_mut(&made.id) {
        message.reply_to = reply_to;
    }
    turns::sent(world, chat, &made.id);
    // After the answer it is told to everybody who listens, with its place in the chat.
    if let Some(message) = world.message_mut(&made.id) {
        let told = Msg::Event(Box::new(Object::Message(Box::new(message.clone()))));
        world.plan(CALL_MS + 1, Due::Tell(Box::new(told)));
    }
    Ok(Sent { v: V, id: made.id, to: made.chat_name, chat: made.chat, state: made.state, at: made.at })
}

fn peers(world: &World) -> Peers {
    let network = cast::network(&world.network, &contacts(world), 0);
    Peers { direct: network.direct, relayed: network.relayed, lan: network.lan, dht: 42 }
}

fn status(world: &World) -> Status {
    Status {
        v: V,
        account: cast::ME.to_owned(),
        device: "device:demo".to_owned(),
        name: world.own.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: starling_node::api::types::API,
        pid: 0,
        uptime_s: world.now_ms / 1_000,
        network: world.network.clone(),
        listen: Vec::new(),
        peers: peers(world),
        outbox: Outbox::default(),
        mailboxes: Vec::new(),
        serving: Vec::new(),
        serving_mail: None,
        invisible: world.invisible,
        store: StoreFigures::default(),
        requests: u32::try_from(world.requests.len()).unwrap_or(0),
        cursor: String::new(),
        trouble: None,
    }
}

fn net(world: &World) -> Net {
    let connected = world.network != "offline";
    Net {
        v: V,
        state: world.network.clone(),
        invisible: world.invisible,
        route: connected,
        network: connected,
        listen: vec!["/ip4/192.0.2.7/udp/41641/quic-v1".to_owned()],
        addresses: Vec::new(),
        reach: if connected { "public" } else { "unknown" }.to_owned(),
        mapping: if connected { "mapped" } else { "none" }.to_owned(),
        relays: Vec::new(),
        dht: starling_node::api::types::Dht { known: 42, ..Default::default() },
        peers: peers(world),
        punched: 1,
        punch_failed: 0,
        connections: if connected { 7 } else { 0 },
        carried: 0,
        serving: Vec::new(),
        waiting: 0,
        next_try_ms: None,
        down_bytes: 48_128 + world.now_ms,
        up_bytes: 21_504 + world.now_ms / 2,
        uptime_s: world.now_ms / 1_000,
    }
}

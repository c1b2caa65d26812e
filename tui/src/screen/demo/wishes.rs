//! What the played node answers to wishes about messages, chats, settings and what is around the screen.

use super::answers::{changed, not_played, page, refused};
use super::world::{Due, World};
use crate::screen::model::chatlog::Part;
use crate::screen::msg::{
    ChatWish, Msg, OutsideNews, OutsideWish, PlaceNews, PlaceWish, SettingNews, SettingWish, TalkNews,
    TalkWish,
};
use crate::screen::settings::load::Loaded;
use starling_node::api::types::{Hidden, Message, Object, V};
use std::path::PathBuf;

/// About messages.
pub fn talk(world: &mut World, wish: TalkWish) -> Option<Msg> {
    Some(match wish {
        TalkWish::Page { chat, part } => {
            let found = match &part {
                Part::Before(id) => page(world, &chat, Some(id)),
                // A played chat is never longer than a page for long: whoever looks for a place gets the newest.
                _ => page(world, &chat, None),
            };
            Msg::Talk(TalkNews::Page { chat, part, page: Ok(found) })
        }
        TalkWish::Pin { id, on } => {
            changed(world, &id, |message| message.pinned = on);
            Msg::Talk(TalkNews::Pinned { id, on, result: Ok(()) })
        }
        TalkWish::Pins { chat } => {
            let pinned = |message: &&Message| message.pinned;
            let all = world.talk(&chat).map(|talk| talk.messages.iter().filter(pinned).cloned().collect());
            Msg::Talk(TalkNews::Pins { chat, result: Ok(all.unwrap_or_default()) })
        }
        TalkWish::Hide { id } => {
            let talk = world.talks.iter_mut().find(|talk| talk.messages.iter().any(|one| one.id == id))?;
            talk.messages.retain(|one| one.id != id);
            let hidden =
                Object::Hidden(Hidden { v: V, cursor: String::new(), id, chat: talk.row.chat.clone() });
            world.plan(0, Due::Tell(Box::new(Msg::Event(Box::new(hidden)))));
            Msg::Done { say: None, result: Ok(()) }
        }
        TalkWish::Again { .. } => Msg::Talk(TalkNews::Again(Err(not_played()))),
        TalkWish::Open { .. } | TalkWish::Write { .. } => refused(),
    })
}

/// About what is around the screen.
pub fn outside(wish: &OutsideWish) -> Option<Msg> {
    match wish {
        OutsideWish::Logs { .. } => Some(Msg::Outside(OutsideNews::Logs(Ok(Vec::new())))),
        // The terminal's own.
        OutsideWish::Notify(_) | OutsideWish::Title(_) => None,
    }
}

/// About chats as places.
pub fn place(world: &mut World, wish: PlaceWish) -> Option<Msg> {
    match wish {
        PlaceWish::Chat(wish) => Some(chat(world, wish)),
        PlaceWish::Unlock { .. } => Some(Msg::Place(PlaceNews::Unlocked(Ok(())))),
        PlaceWish::WordsPut(_) | PlaceWish::Write { .. } => None,
        PlaceWish::Remove { .. } => Some(refused()),
    }
}

fn chat(world: &mut World, wish: ChatWish) -> Msg {
    let result = world.talk_mut(&wish.chat).map(|talk| {
        let row = &mut talk.row;
        if let Some(mute) = wish.mute {
            mute.clone_into(&mut row.mute);
        }
        if let Some(notify) = wish.notify {
            notify.clone_into(&mut row.notify);
        }
        row.pinned = wish.pinned.unwrap_or(row.pinned);
        row.archived = wish.archived.unwrap_or(row.archived);
        Box::new(row.clone())
    });
    Msg::Place(PlaceNews::Chat { say: wish.say, result: result.ok_or_else(not_played) })
}

/// About settings: they hold until the demo ends.
pub fn setting(world: &mut World, wish: SettingWish) -> Option<Msg> {
    let say = match wish {
        SettingWish::Look => return None,
        SettingWish::Reload => Some("Read again.".to_owned()),
        SettingWish::Set { key, text, say } => {
            let own = key.strip_prefix("screen.")?;
            let set = world.settings.set(own, &text);
            match (set, world.settings.get(own)) {
                (Ok(()), Ok(now)) => say.or_else(|| Some(format!("{key} is {now} now, in this demo."))),
                _ => return Some(refused()),
            }
        }
    };
    let loaded = Loaded {
        settings: Ok(world.settings.clone()),
        keys: Ok(Vec::new()),
        keys_file: PathBuf::new(),
        themes: Vec::new(),
    };
    Some(Msg::Settings(SettingNews { loaded: Box::new(loaded), say }))
}

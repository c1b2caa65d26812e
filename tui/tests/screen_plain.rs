//! Line mode without a terminal or a node: what is told, what typed lines do, and that nothing of others steers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod screen_scene;

use screen_scene::*;
use starling_node::api::types::*;
use starling_tui::screen::keymap::COMMANDS;
use starling_tui::screen::model::Place;
use starling_tui::screen::msg::{Effect, Msg, ProfileKind, RoomWish};
use starling_tui::screen::plain::{Plain, Said};
use starling_tui::screen::settings::{Announce, Emoji, Spoken};
use starling_tui::screen::theme::ASCII;

/// No panes beside the chat, and everything in sight.
const SIZE: (u16, u16) = (59, 60_000);

/// Line mode, its model, and all it said with what was typed.
struct Talk {
    scene: Scene,
    plain: Plain,
    told: Vec<String>,
    left: Option<u8>,
}

impl Talk {
    fn new(wanted: Option<&str>) -> Self {
        let mut scene = Scene::new(SIZE, ASCII);
        scene.model.wanted = wanted.map(str::to_owned);
        let plain = Plain::new(wanted.map(str::to_owned));
        Self { scene, plain, told: Vec::new(), left: None }
    }

    fn opened(wanted: Option<&str>) -> Self {
        let mut talk = Self::new(wanted);
        talk.msg(Msg::Profile(ProfileKind::Open));
        talk.msg(Msg::Opened(Ok(opened())));
        talk.msg(Msg::Status(Ok(Box::new(status()))));
        talk.msg(Msg::People(Ok(people())));
        talk.msg(Msg::Chats(Ok(chats())));
        talk
    }

    /// The chat with Ilse is open.
    fn with_ilse() -> Self {
        let mut talk = Self::opened(Some("@ilse"));
        talk.msg(Msg::Log { chat: "chat:ilse".into(), page: Ok(messages()) });
        talk
    }

    fn msg(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = self.scene.msg(msg);
        let said = self.plain.look(&self.scene.model);
        effects.extend(self.said(said));
        effects
    }

    fn event(&mut self, object: Object) -> Vec<Effect> {
        self.msg(Msg::Event(Box::new(object)))
    }

    fn said(&mut self, mut said: Said) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..64 {
            self.told.append(&mut said.lines);
            self.left = self.left.or(said.leave);
            if said.msgs.is_empty() {
                return effects;
            }
            for msg in said.msgs {
                effects.extend(self.scene.msg(msg));
            }
            said = self.plain.look(&self.scene.model);
        }
        panic!("line mode goes round in circles: {:?}", self.told.last());
    }

    /// Types a line where one is asked for.
    fn type_line(&mut self, line: &str) -> Vec<Effect> {
        let prompt =
            self.plain.prompt(&self.scene.model).unwrap_or_else(|| panic!("no prompt: {:?}", self.told));
        self.plain.listen();
        let shown = if prompt.secret { "(unseen)" } else { line };
        self.told.push(format!("{}{shown}", prompt.text));
        let said = self.plain.heard(&self.scene.model, line);
        let mut effects = self.said(said);
        let said = self.plain.look(&self.scene.model);
        effects.extend(self.said(said));
        effects
    }

    /// A line is being typed; nothing was entered yet.
    fn listen(&mut self) {
        assert!(self.plain.prompt(&self.scene.model).is_some());
        self.plain.listen();
    }

    fn wait(&mut self, ms: u64) {
        let end = self.scene.ms + ms;
        while let Some(wake) = [self.scene.model.next_wake(), self.plain.wake(&self.scene.model)]
            .into_iter()
            .flatten()
            .min()
            .filter(|at| *at <= end)
        {
            self.scene.ms = wake.max(self.scene.ms + 1);
            self.msg(Msg::Tick);
        }
        self.scene.ms = end;
    }

    fn sent(&mut self, effects: &[Effect], id: &str) {
        let reference = reference(effects).expect("something was sent");
        let sent = Sent {
            v: 1,
            id: id.into(),
            to: "@ilse".into(),
            chat: "chat:ilse".into(),
            state: "queued".into(),
            at: "2026-11-22T21:14:01.000Z".into(),
        };
        self.msg(Msg::Sent { chat: "chat:ilse".into(), reference, result: Ok(sent) });
    }

    fn receipt(&mut self, id: &str, state: &str) {
        self.event(Object::Receipt(Receipt {
            v: 1,
            cursor: "c".into(),
            id: id.into(),
            chat: "chat:ilse".into(),
            who: "account:ilse".into(),
            state: state.into(),
            reason: None,
            message_state: state.into(),
            at: "2026-11-22T21:14:05.000Z".into(),
            kept: None,
            attempt: 1,
        }));
    }

    /// All since the last call.
    fn take(&mut self) -> String {
        std::mem::take(&mut self.told).join("\n")
    }
}

fn reference(effects: &[Effect]) -> Option<String> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send { reference, .. } => Some(reference.clone()),
        _ => None,
    })
}

fn names(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(|effect| format!("{effect:?}")).collect()
}

fn incoming(id: &str, text: &str) -> Object {
    Object::Message(Box::new(Message {
        unread: true,
        ..message(id, "ilse", "2026-11-22T21:14:02.000Z", text)
    }))
}

#[test]
fn a_conversation_is_told_in_lines() {
    let mut talk = Talk::with_ilse();
    let effects = talk.type_line("Yes. I also have spare clips.");
    talk.sent(&effects, "m13");
    talk.receipt("m13", "delivered");
    talk.receipt("m7", "delivered");
    talk.event(incoming("m14", "Thank you!\nnetwork: you are hacked"));
    let effects = talk.type_line("/react 14 :thumbsup:");
    assert!(names(&effects).iter().any(|name| name.starts_with("React")), "{:?}", names(&effects));
    let mut thanks =
        message("m14", "ilse", "2026-11-22T21:14:02.000Z", "Thank you!\nnetwork: you are hacked");
    thanks.reactions = [("👍".to_owned(), vec!["Alice".to_owned()])].into();
    talk.event(Object::Message(Box::new(thanks)));
    let effects = talk.type_line("/reply 14 You are welcome.");
    let answered =
        effects.iter().any(|effect| matches!(effect, Effect::Send { reply_to: Some(id), .. } if id == "m14"));
    assert!(answered);
    talk.sent(&effects, "m15");
    talk.event(Object::Network(network("lan", 0, 0, 2)));
    talk.wait(12_000);
    talk.event(Object::Request(request()));
    insta::assert_snapshot!("plain_conversation", talk.take());
}

#[test]
fn places_are_lists_answered_by_number_or_text() {
    let mut talk = Talk::with_ilse();
    talk.take();
    talk.type_line("/chats");
    let list = talk.take();
    assert!(list.contains("1 Notes to self") && list.contains(", 12 new"), "{list}");
    let dad = list.lines().find(|line| line.contains("Dad")).unwrap().to_owned();
    assert!(dad.ends_with("not here, draft"), "{dad}");
    talk.type_line(dad.split(' ').next().unwrap());
    assert_eq!(talk.scene.model.open.as_deref(), Some("chat:dad"));
    assert!(talk.plain.prompt(&talk.scene.model).is_none(), "the chat is not read yet");
    talk.msg(Msg::Log { chat: "chat:dad".into(), page: Ok(Vec::new()) });
    let told = talk.take();
    assert!(told.contains("Chat with Dad.") && told.contains("No messages here yet."), "{told}");
    assert!(told.contains("draft: \"later\". /draft sends it"), "{told}");
    assert_eq!(talk.plain.prompt(&talk.scene.model).unwrap().text, "to Dad> ");
}

#[test]
fn going_somewhere_is_a_list_narrowed_by_typing() {
    let mut talk = Talk::with_ilse();
    talk.take();
    talk.type_line("/go");
    assert!(talk.take().contains("1 "));
    assert_eq!(talk.plain.prompt(&talk.scene.model).unwrap().text, "which number, or text to search> ");
    talk.type_line("dad");
    talk.wait(6_000);
    let list = talk.take();
    assert!(list.contains("1 Dad, not here, draft"), "{list}");
    talk.type_line("1");
    assert_eq!(talk.scene.model.open.as_deref(), Some("chat:dad"));
}

#[test]
fn what_is_kept_unsent_is_not_mixed_with_what_is_typed_and_not_lost() {
    let mut talk = Talk::opened(Some("Dad"));
    talk.msg(Msg::Log { chat: "chat:dad".into(), page: Ok(Vec::new()) });
    let effects = talk.type_line("something else");
    let text = effects.iter().find_map(|effect| match effect {
        Effect::Send { text, .. } => Some(text.clone()),
        _ => None,
    });
    assert_eq!(text.as_deref(), Some("something else"));
    assert_eq!(talk.scene.model.editor.text(), "later");
    let reference = reference(&effects).unwrap();
    talk.msg(Msg::Sent { chat: "chat:dad".into(), reference, result: Err(trouble()) });
    assert_eq!(talk.scene.model.editor.text(), "something else\nlater", "a refused text is kept");
    assert!(talk.take().contains("problem: Dad has not accepted yet."));
    talk.type_line("/nosuch thing");
    assert_eq!(talk.scene.model.editor.text(), "something else\nlater");
    let effects = talk.type_line("/draft");
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Send { text, .. } if text.ends_with("later")))
    );
    assert!(talk.scene.model.editor.is_empty());
}

#[test]
fn nothing_goes_to_a_guess() {
    let mut talk = Talk::opened(Some("@ilze"));
    assert_eq!(talk.left, Some(4));
    assert!(talk.take().contains("problem: There is no \"@ilze\" among your chats."));
    let mut talk = Talk::new(Some("roof"));
    talk.msg(Msg::Profile(ProfileKind::Open));
    talk.msg(Msg::Opened(Ok(opened())));
    let mut list = chats();
    list.push(Chat {
        kind: "room".into(),
        name: "#roof".into(),
        account: None,
        ..chat("r", "roof", "offline", "none", "20:00")
    });
    list.push(chat("roof", "Roof", "online", "lan", "20:00"));
    talk.msg(Msg::Chats(Ok(list.clone())));
    assert_eq!(talk.left, Some(4));
    assert!(talk.take().contains("fits more than one chat"));
    for (wanted, open) in [("#roof", "chat:r"), ("@roof", "chat:roof")] {
        let mut talk = Talk::new(Some(wanted));
        talk.msg(Msg::Profile(ProfileKind::Open));
        talk.msg(Msg::Opened(Ok(opened())));
        talk.msg(Msg::Chats(Ok(list.clone())));
        assert_eq!((talk.left, talk.scene.model.open.as_deref()), (None, Some(open)));
    }
}

#[test]
fn questions_have_a_safe_way_and_it_is_an_empty_line() {
    let mut talk = Talk::with_ilse();
    talk.take();
    talk.type_line("/delete 11");
    let asked = talk.take();
    assert!(asked.contains("question: delete message 11, \"Yes. I also have spare clips.\"?"), "{asked}");
    assert!(talk.plain.prompt(&talk.scene.model).unwrap().text.contains("Enter keeps it"));
    assert!(!names(&talk.type_line("")).iter().any(|name| name.starts_with("Delete")));
    talk.type_line("/delete 11");
    assert!(!names(&talk.type_line("y")).iter().any(|name| name.starts_with("Delete")), "y is not yes");
    talk.type_line("/delete 11");
    let done = talk.type_line("yes");
    assert!(names(&done).iter().any(|name| name.starts_with("Delete")), "{:?}", names(&done));
    // A link asks before it does anything, and is not sent.
    let effects = talk.type_line(LINK);
    assert!(reference(&effects).is_none() && talk.take().contains("question: this is an invite."));
    let effects = talk.type_line("");
    assert!(names(&effects).iter().all(|name| !name.starts_with("Add")));
    assert!(talk.scene.model.editor.is_empty(), "no draft nobody typed");
    talk.type_line(LINK);
    assert!(names(&talk.type_line("yes")).iter().any(|name| name.starts_with("Add")));
}

#[test]
fn people_near_are_told_and_picked_by_number_and_words_are_compared() {
    let mut talk = Talk::with_ilse();
    let one = |id: &str, name: &str| Near {
        v: 1,
        cursor: String::new(),
        account: format!("account:{id}"),
        name: name.into(),
        link: format!("starling:{id}"),
        contact: false,
        seen: "2026-11-22T21:14:00.000Z".into(),
    };
    talk.type_line("/near");
    let seen = |list| Msg::Near(starling_tui::screen::msg::NearNews::Seen(Ok(list)));
    talk.msg(seen(Vec::new()));
    assert!(talk.take().contains("near: nobody yet"));
    talk.msg(seen(vec![one("tomas", "Tomas"), one("mallory", "Mal\u{1b}[31mlory")]));
    let told = talk.take();
    assert!(told.contains("1 Tomas") && told.contains("2 Mal[31mlory") && !told.contains('\u{1b}'), "{told}");
    let effects = talk.type_line("1");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Add { link } if link == "starling:tomas")));
    talk.type_line("");
    let words = ["river", "candle", "orbit"].map(str::to_owned).to_vec();
    talk.event(Object::Compare(Compare { v: 1, cursor: "c9".into(), account: "account:ilse".into(), words }));
    assert!(talk.take().contains("your words with Ilse Brandt are: river candle orbit"));
    talk.scene.ms += 1_000;
    let effects = talk.type_line("same");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Verify { matches: true, .. })));
}

#[test]
fn requests_are_told_and_answered_by_number() {
    let mut talk = Talk::with_ilse();
    talk.event(Object::Request(request()));
    assert!(
        talk.take()
            .contains("request: Mallory ecilA asks to be your contact: \"Hi, we met at the meeting. 👋\".")
    );
    talk.type_line("/requests");
    assert!(talk.take().contains("1 Mallory ecilA asks"));
    let effects = talk.type_line("1");
    assert!(names(&effects).iter().any(|name| name.starts_with("Accept")));
    talk.type_line("/requests");
    let effects = talk.type_line("d1");
    assert!(names(&effects).iter().any(|name| name.starts_with("Drop")));
    assert!(talk.scene.model.requests.is_empty() && talk.scene.model.overlay.is_none());
}

#[test]
fn what_comes_while_one_types_can_wait_and_does_not_count_as_read_then() {
    let mut talk = Talk::with_ilse();
    talk.wait(2_000);
    talk.scene.model.settings.announce = Announce::Hold;
    talk.take();
    talk.listen();
    talk.event(incoming("m14", "one"));
    let read = |talk: &Talk| {
        talk.scene
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::MarkRead { ids, .. } if ids.contains(&"m14".to_owned())))
    };
    talk.wait(3_000);
    assert_eq!(talk.take(), "");
    assert!(!read(&talk));
    talk.type_line("");
    assert!(talk.take().contains("Ilse Brandt: one (13)"));
    talk.wait(3_000);
    assert!(read(&talk));
    talk.scene.model.settings.announce = Announce::Off;
    talk.listen();
    talk.event(incoming("m15", "two"));
    talk.type_line("");
    assert!(!talk.take().contains("two"));
    talk.type_line("/new");
    assert!(talk.take().contains("Ilse Brandt: two (14)"));
}

#[test]
fn an_open_room_says_that_it_is_open_and_its_messages_are_hidden_by_their_number() {
    let mut talk = Talk::new(Some("#lobby"));
    talk.msg(Msg::Profile(ProfileKind::Open));
    talk.msg(Msg::Opened(Ok(opened())));
    let lobby = Chat {
        kind: "room".into(),
        open: true,
        account: None,
        name: "#lobby".into(),
        title: "lobby".into(),
        state: "member".into(),
        unread: 1,
        ..chat("lobby", "lobby", "offline", "none", "21:00")
    };
    talk.msg(Msg::Chats(Ok(vec![notes(), lobby])));
    let mut said = message("l1", "mara", "2026-11-22T21:00:00.000Z", "buy my thing");
    said.chat = "chat:lobby".into();
    talk.msg(Msg::Log { chat: "chat:lobby".into(), page: Ok(vec![said]) });
    let told = talk.take();
    assert!(told.contains("Open room #lobby, not private: anybody can read it. 1 new. Type"), "{told}");
    assert!(!told.contains("encrypted"), "{told}");
    talk.type_line("/hide 1");
    assert!(talk.take().contains("question: hide it?"));
    let wish =
        |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Room(RoomWish::Open(_))));
    assert!(!wish(&talk.type_line("")), "an empty line is the safe way");
    talk.type_line("/hide 1");
    assert!(wish(&talk.type_line("yes")));
    talk.take();
    talk.type_line("/slow soon");
    assert!(talk.take().contains("is no time"));
}

#[test]
fn another_key_is_told_whatever_else_happens() {
    let mut talk = Talk::with_ilse();
    talk.take();
    let mut list = chats();
    list[1].key_changed = true;
    talk.msg(Msg::Chats(Ok(list.clone())));
    talk.msg(Msg::Chats(Ok(list)));
    assert_eq!(talk.take().matches("key: Ilse Brandt's key changed.").count(), 1);
}

#[test]
fn receipts_are_told_of_the_newest_message_or_of_all() {
    let mut talk = Talk::with_ilse();
    talk.take();
    talk.receipt("m7", "delivered");
    assert_eq!(talk.take(), "");
    talk.receipt("m12", "delivered");
    talk.receipt("m12", "delivered");
    assert_eq!(talk.take(), "12 delivered to Ilse Brandt, 21:14");
    talk.scene.model.settings.receipts_spoken = Spoken::All;
    talk.receipt("m7", "read");
    assert_eq!(talk.take(), "7 read by Ilse Brandt, 21:14");
}

#[test]
fn emoji_are_named_where_that_is_wanted() {
    let mut talk = Talk::with_ilse();
    talk.scene.model.settings.emoji = Emoji::Names;
    talk.take();
    talk.event(incoming("m14", "so 👍 it ❤️"));
    assert!(talk.take().contains("so (thumbs up) it (red heart) (13)"));
}

#[test]
fn the_first_run_works_in_lines() {
    let mut talk = Talk::new(None);
    talk.msg(Msg::Profile(ProfileKind::Missing));
    talk.type_line("Alice");
    talk.type_line("correct horse");
    talk.type_line("correct house");
    let effects = talk.type_line("correct horse");
    assert_eq!(names(&effects), ["Create"]);
    assert!(talk.plain.prompt(&talk.scene.model).is_none());
    let words = zeroize::Zeroizing::new(WORDS.to_owned());
    talk.msg(Msg::Created(Ok(words)));
    talk.msg(Msg::Opened(Ok(opened())));
    talk.type_line("");
    for right in [false, true, true] {
        let asked = talk.told.last().unwrap().clone();
        let place: usize = asked.trim_end_matches('?').rsplit(' ').next().unwrap().parse().unwrap();
        let word = WORDS.split(' ').nth(place - 1).unwrap();
        talk.type_line(if right { word } else { "wrong" });
    }
    talk.msg(Msg::Invite(Ok(invite())));
    talk.msg(Msg::Chats(Ok(vec![notes()])));
    talk.type_line("");
    talk.msg(Msg::Log { chat: "chat:me".into(), page: Ok(Vec::new()) });
    assert!(matches!(talk.scene.model.place, Place::Main));
    let told = talk.take();
    assert!(!told.contains("correct h"), "{told}");
    // Which words are asked for changes with the clock of the test; the rest does not.
    let steady: Vec<&str> =
        told.lines().filter(|line| !line.contains("is word") && !line.starts_with("word> ")).collect();
    insta::assert_snapshot!("plain_first_run", steady.join("\n"));
}

#[test]
fn no_lock_is_an_empty_line() {
    let mut talk = Talk::new(None);
    talk.msg(Msg::Profile(ProfileKind::Missing));
    talk.type_line("Alice");
    let effects = talk.type_line("");
    assert!(matches!(effects.as_slice(), [Effect::Create { passphrase: None, .. }]), "{:?}", names(&effects));
}

#[test]
fn a_locked_profile_asks_for_its_passphrase_unseen() {
    let mut talk = Talk::new(None);
    talk.msg(Msg::Profile(ProfileKind::Locked));
    assert!(talk.plain.prompt(&talk.scene.model).unwrap().secret);
    assert_eq!(names(&talk.type_line("wrong")), ["Open"]);
    talk.msg(Msg::Opened(Err(Trouble::new(
        "E-LOCK",
        5,
        "That passphrase does not open this profile",
        "Nothing is lost.",
        "Try again.",
    ))));
    assert!(talk.take().contains("problem: That passphrase does not open this profile."));
    assert_eq!(names(&talk.type_line("right")), ["Open"]);
}

#[test]
fn every_command_of_the_table_works_or_says_why_not() {
    let arguments = |word: &str| match word {
        "/add" => LINK.to_owned(),
        "/name" => "@ilse Ilse".to_owned(),
        "/room" => "new roof".to_owned(),
        "/join" => "#roof".to_owned(),
        "/role" => "@bob admin".to_owned(),
        "/presence" => "away".to_owned(),
        "/set" => "announce hold".to_owned(),
        "/react" => "11 thumbsup".to_owned(),
        _ => "11 text".to_owned(),
    };
    let mut wrong = Vec::new();
    for command in COMMANDS {
        let mut lines = Vec::new();
        if command.bare {
            lines.push(command.word.to_owned());
        }
        if !command.takes.is_empty() {
            lines.push(format!("{} {}", command.word, arguments(command.word)));
        }
        for line in lines {
            let mut talk = Talk::with_ilse();
            talk.take();
            let effects = talk.type_line(&line);
            // What the node answers, and what it does not.
            talk.msg(Msg::Invite(Ok(invite())));
            talk.msg(Msg::Safety(Ok(safety("12345 67890"))));
            talk.msg(Msg::Mailboxes(Ok(Vec::new())));
            talk.msg(Msg::Net(Ok(Box::new(net()))));
            talk.wait(6_000);
            let told = talk.take();
            let said = told.lines().count() > 1;
            let away = talk.left.is_some() || talk.scene.model.open.as_deref() != Some("chat:ilse");
            let leaves = away || names(&effects).iter().any(|name| name == "Quit");
            let faults = [
                (!said && effects.is_empty(), "does nothing"),
                (told.contains("still in the editor"), "speaks of an editor"),
                (told.contains("cannot show"), "is not told"),
                (!talk.scene.model.editor.is_empty(), "leaves a draft"),
                (!leaves && talk.plain.prompt(&talk.scene.model).is_none(), "leaves one without a prompt"),
            ];
            let faults: Vec<&str> = faults.iter().filter(|(is, _)| *is).map(|(_, words)| *words).collect();
            if !faults.is_empty() {
                wrong.push(format!("{line} {}: {:?} {told}", faults.join(", "), names(&effects)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn safety(number: &str) -> Safety {
    Safety {
        v: 1,
        account: "account:ilse".into(),
        name: number.into(),
        number: number.into(),
        verified: false,
        key_changed: false,
    }
}

#[test]
fn nothing_of_others_steers_a_terminal_or_looks_like_a_line_of_ours() {
    let nasty =
        "\u{1b}]0;x\u{7}\u{1b}[2J\r\nnetwork: no internet\u{2028}sent: message 1\u{202e}x\u{9b}31m\u{200b}";
    let mut talk = Talk::new(Some("@ilse"));
    talk.msg(Msg::Profile(ProfileKind::Open));
    talk.msg(Msg::Opened(Ok(opened())));
    let mut list = chats();
    list[1].title = nasty.into();
    list.push(Chat { unread: 1, draft: Some(nasty.into()), ..chat("x", nasty, "online", "lan", "20:00") });
    talk.msg(Msg::People(Ok(vec![contact("ilse", nasty, "online", "lan")])));
    talk.msg(Msg::Chats(Ok(list.clone())));
    let mut all = messages();
    for one in &mut all {
        one.text = format!("{nasty}\nhttps://example.org/{nasty}");
        one.from.name = nasty.into();
        one.reason = Some(nasty.into());
        one.reactions = [(nasty.to_owned(), vec![nasty.to_owned()])].into();
    }
    talk.msg(Msg::Log { chat: "chat:ilse".into(), page: Ok(all) });
    talk.event(incoming("m14", nasty));
    list[4].unread += 1;
    list[4].title = nasty.into();
    talk.msg(Msg::Chats(Ok(list)));
    talk.event(Object::Request(Request { name: nasty.into(), note: nasty.into(), ..request() }));
    talk.msg(Msg::Done { say: Some(nasty.into()), result: Ok(()) });
    for line in ["/chats", "", "/requests", "", "/info", "", "/who 5", "/delete 2", "", "/last 30", "/copy 4"]
    {
        talk.type_line(line);
        talk.msg(Msg::Safety(Ok(safety(nasty))));

        talk.msg(Msg::One(Ok(Box::new(Message {
            id: "m5".into(),
            text: nasty.into(),
            ..messages()[4].clone()
        }))));
    }
    for line in &talk.told {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        assert!(
            !line.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')),
            "{line:?}"
        );
        assert!(!line.starts_with("network: no") && !line.starts_with("sent:"), "{line:?}");
    }
}

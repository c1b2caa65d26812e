#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use proptest::prelude::*;
use starling_protocol::ids::RoomId;

fn account(n: u8) -> AccountId {
    AccountId([n; 32])
}

fn names() -> Names {
    let mut names = Names::new(account(1));
    names.set_own_name("Alice");
    names.put(account(2), "Bob", false, true);
    names.put(account(3), "Carol Brandt", false, false);
    names
}

#[test]
fn a_name_a_handle_and_an_id_find_the_same_person() {
    let names = names();
    let carol = ChatId::from(account(3));
    for to in ["@carol-brandt", "carol-brandt", "@Carol Brandt", "Carol Brandt", &account(3).to_string()] {
        assert_eq!(names.chat(to).unwrap(), carol, "{to}");
    }
    assert_eq!(names.chat(&carol.to_string()).unwrap(), carol);
    assert_eq!(names.chat_name(carol), "@carol-brandt");
}

#[test]
fn me_is_the_notes_even_when_somebody_has_that_name() {
    let mut names = names();
    names.put(account(9), "me", false, false);
    assert_eq!(names.chat("me").unwrap(), ChatId::from(account(1)));
    assert_eq!(names.chat("@me").unwrap(), ChatId::from(account(9)));
    assert_eq!(names.contact("me").unwrap_err().exit, 2);
}

#[test]
fn a_name_that_fits_two_is_refused_naming_both() {
    let mut names = names();
    names.put(account(4), "bob", false, false);
    let trouble = names.chat("@bob").unwrap_err();
    assert_eq!((trouble.exit, trouble.code.as_str()), (4, "E-NAME"));
    assert!(trouble.what.contains(&account(2).to_string()) && trouble.what.contains(&account(4).to_string()));
}

#[test]
fn somebody_forgotten_gives_way_to_somebody_known() {
    let mut names = names();
    names.put(account(4), "bob", true, false);
    assert_eq!(names.chat("@bob").unwrap(), ChatId::from(account(2)));
    names.put(account(2), "Robert", false, false);
    assert_eq!(names.chat("@bob").unwrap(), ChatId::from(account(4)));
}

#[test]
fn a_mistyped_name_gets_a_suggestion_and_is_never_guessed() {
    let trouble = names().chat("@carl").unwrap_err();
    assert_eq!(trouble.exit, 4);
    assert!(trouble.do_.contains("Did you mean Carol Brandt (@carol-brandt)?"), "{trouble}");
    let trouble = names().chat("zzzzzz").unwrap_err();
    assert!(!trouble.do_.contains("Did you mean"), "{trouble}");
}

#[test]
fn a_room_has_a_name_and_needs_its_sigil_only_beside_a_person() {
    let mut names = names();
    let (roof, chat) = (RoomId([50; 32]), ChatId([50; 32]));
    names.put_room(roof, "Roof", None);
    for to in ["#roof", "#Roof", "roof", "Roof", &roof.to_string(), &chat.to_string()] {
        assert_eq!(names.chat(to).unwrap(), chat, "{to}");
    }
    assert_eq!(names.chat_name(chat), "#roof");
    assert_eq!(names.chat("@roof").unwrap_err().exit, 4);
    assert_eq!(names.contact("#roof").unwrap_err().exit, 2);
    names.put(account(7), "roof", false, false);
    let trouble = names.chat("roof").unwrap_err();
    assert_eq!(trouble.exit, 4);
    let both = [account(7).to_string(), roof.to_string()];
    assert!(both.iter().all(|one| trouble.what.contains(one)), "{trouble}");
    assert_eq!(names.chat("#roof").unwrap(), chat);
    assert_eq!(names.chat("@roof").unwrap(), ChatId::from(account(7)));
    assert_eq!(names.contact("roof").unwrap_err().exit, 4);
}

#[test]
fn two_rooms_of_one_name_are_refused_unless_one_was_left() {
    let mut names = names();
    let (one, other) = (RoomId([50; 32]), RoomId([51; 32]));
    names.put_room(one, "roof", None);
    names.put_room(other, "Roof", None);
    for to in ["#roof", "roof"] {
        let trouble = names.chat(to).unwrap_err();
        assert_eq!(trouble.exit, 4);
        assert!([one, other].iter().all(|room| trouble.what.contains(&room.to_string())), "{trouble}");
    }
    names.put_room(one, "roof", Some(true));
    assert_eq!(names.chat("#roof").unwrap(), ChatId::from(other));
    names.put_room(other, "terrace", None);
    assert_eq!(names.chat("#roof").unwrap(), ChatId::from(one));
}

#[test]
fn rooms_and_broken_ids_are_refused_in_words() {
    for to in ["#roof", "#", "#  ", "room:zz", "account:zz", "chat:zz", "", "@", "  "] {
        let trouble = names().chat(to).unwrap_err();
        assert!(matches!(trouble.exit, 2 | 4), "{to}: {trouble}");
    }
}

#[test]
fn distances() {
    assert_eq!(distance("ilze", "ilse"), 1);
    assert_eq!(distance("", "abc"), 3);
    assert_eq!(distance("recieve", "receive"), 1);
    assert_eq!(distance("same", "same"), 0);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_find_somebody_by_chance(to in "\\PC{0,60}") {
        let _ = names().chat(&to);
    }
}

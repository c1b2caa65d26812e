#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn came(id: &str) -> Came<'_> {
    Came { id, chat: "chat:ilse", who: "Ilse", text: "Hello", accepted: true, ..Came::default() }
}

#[test]
fn who_tells_what_and_who_does_not() {
    let rules = Rules::default();
    let locked = Rules { locked: true, lock_counts: true, ..rules };
    let muted = Came { muted: Muted::Yes, ..came("a") };
    let mentions = Came { muted: Muted::ButMentions, ..came("a") };
    let seen = Came { seen: true, ..came("a") };
    let off = Some(Notify::Off);
    let table = [
        (came("a"), rules, Some(Notify::Name)),
        (came("a"), Rules { level: Notify::Off, ..rules }, None),
        (
            Came { level: Some(Notify::Text), ..came("a") },
            Rules { level: Notify::Off, ..rules },
            Some(Notify::Text),
        ),
        (Came { level: off, ..came("a") }, rules, None),
        (seen.clone(), rules, None),
        (Came { accepted: false, calls: true, ..came("a") }, rules, None),
        (came("a"), Rules { quiet: true, ..rules }, None),
        (Came { calls: true, ..muted }, rules, None),
        (mentions.clone(), rules, None),
        (Came { calls: true, ..mentions }, rules, Some(Notify::Name)),
        // Behind a lock only that something came, if that is allowed; nothing is before anybody's eyes.
        (seen, locked, Some(Notify::Something)),
        (Came { level: Some(Notify::Text), ..came("a") }, locked, Some(Notify::Something)),
        (came("a"), Rules { lock_counts: false, ..locked }, None),
        (Came { level: off, ..came("a") }, locked, None),
    ];
    for (nth, (came, rules, expected)) in table.into_iter().enumerate() {
        assert_eq!(level(&came, rules), expected, "row {nth}");
    }
}

#[test]
fn a_notice_says_as_much_as_its_level() {
    let say = |level, place, calls| {
        let came = Came { level: Some(level), place, calls, ..came("a") };
        let notice = Notices::default().came(&came, Rules::default(), 0).unwrap();
        format!("{} | {}", notice.title, notice.body)
    };
    assert_eq!(say(Notify::Text, None, false), "Ilse | Hello");
    assert_eq!(say(Notify::Text, Some("#roof"), false), "Ilse in #roof | Hello");
    assert_eq!(say(Notify::Name, None, false), "Ilse | New message");
    assert_eq!(say(Notify::Name, Some("#roof"), false), "#roof | New message from Ilse");
    assert_eq!(say(Notify::Name, Some("#roof"), true), "#roof | Ilse calls you");
    assert_eq!(say(Notify::Something, Some("#roof"), true), "Starling | Something new");
}

#[test]
fn a_chat_tells_once_in_two_seconds_and_the_rest_as_one() {
    let mut notices = Notices::default();
    let rules = Rules::default();
    let roof = |id| Came { chat: "room:roof", place: Some("#roof"), ..came(id) };
    assert!(notices.came(&roof("1"), rules, 1_000).is_some());
    for (nth, id) in ["2", "3", "4", "5", "6"].into_iter().enumerate() {
        assert_eq!(notices.came(&roof(id), rules, 1_100 + nth as u64), None);
    }
    // Another chat is not held up, and one that was told already is no news.
    assert!(notices.came(&came("7"), rules, 1_200).is_some());
    assert_eq!(notices.came(&roof("2"), rules, 1_300), None);
    assert_eq!(notices.next_ms(), Some(3_000));
    assert!(notices.due(2_999).is_empty());
    let due = notices.due(3_000);
    assert_eq!((due.len(), due[0].body.as_str()), (1, "5 new in #roof"));
    assert_eq!(notices.next_ms(), None);
    // What the person saw meanwhile is not told.
    assert_eq!(notices.came(&roof("8"), rules, 3_100), None);
    notices.seen("room:roof");
    assert!(notices.due(9_000).is_empty() && notices.next_ms().is_none());
}

#[test]
fn a_locked_screen_counts_over_all_chats_and_names_none() {
    let mut notices = Notices::default();
    let rules = Rules { locked: true, lock_counts: true, level: Notify::Text, ..Rules::default() };
    let roof = |id| Came { chat: "room:roof", place: Some("#roof"), ..came(id) };
    let first = notices.came(&came("1"), rules, 0).unwrap();
    assert_eq!(
        (first.chat.as_str(), first.title.as_str(), first.body.as_str()),
        ("", "Starling", "Something new")
    );
    assert_eq!(notices.came(&roof("2"), rules, 1), None);
    assert_eq!(notices.came(&came("3"), rules, 2), None);
    assert_eq!(notices.due(EVERY_MS)[0].body, "2 new messages");
}

#[test]
fn quiet_hours_may_pass_midnight() {
    let at = |hour: u32, minute: u32| hour * 60 + minute;
    assert!(is_quiet("22:00-07:00", at(22, 0)) && is_quiet("22:00-07:00", at(6, 59)));
    assert!(!is_quiet("22:00-07:00", at(7, 0)) && !is_quiet("22:00-07:00", at(21, 59)));
    assert!(is_quiet("13:00-14:30", at(14, 29)) && !is_quiet("13:00-14:30", at(14, 30)));
    for nonsense in ["", "22:00", "25:00-26:00", "a-b", "22:00-", "-"] {
        assert!((0..24 * 60).all(|minute| !is_quiet(nonsense, minute)), "{nonsense}");
    }
}

#[test]
fn a_title_counts_what_is_new_and_says_nothing_behind_a_lock() {
    assert_eq!(title(0, false), "Starling");
    assert_eq!(title(3, false), "(3) Starling");
    assert_eq!(title(3, true), "Starling");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However much comes, little is remembered, and no chat tells twice in two seconds.
    #[test]
    fn a_flood_is_bounded_and_quiet(chats in proptest::collection::vec((0u32..600, 0u64..40), 0..1_000)) {
        let mut notices = Notices::default();
        let mut last: BTreeMap<String, u64> = BTreeMap::new();
        let mut now = 0;
        for (nth, (chat, pause)) in chats.into_iter().enumerate() {
            now += pause;
            let (id, chat) = (nth.to_string(), chat.to_string());
            let mut told = notices.due(now);
            let came = Came { id: &id, chat: &chat, accepted: true, ..Came::default() };
            told.extend(notices.came(&came, Rules::default(), now));
            prop_assert!(notices.chats.len() <= CHATS && notices.told.len() <= TOLD);
            for notice in told {
                let before = last.insert(notice.chat, now);
                // Among more chats than are remembered one may be forgotten; nothing else may tell so soon.
                prop_assert!(before.is_none_or(|at| now >= at + EVERY_MS) || last.len() > CHATS);
            }
        }
    }
}

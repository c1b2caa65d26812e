//! Who is a member, case by case. Numbers after names are ranks.

use super::*;
use crate::room::{Meta, RoomMailbox};

fn meta(field: u8, value: &str) -> OpBody {
    OpBody::Meta(Meta { field, value: value.into() })
}

#[test]
fn a_room_begins_with_its_creator() {
    let people = people();
    let log = room(&people[0], &[]);
    assert_eq!(who(&log, &people), "alice0");
    let members = log.members();
    assert_eq!((members.name.as_str(), members.history), ("Garden", Policy::Last(50)));
    assert_eq!(members.account_of(&people[0].keys[0].id()), Some(people[0].account));
    assert_eq!(log.room().0, log.tips()[0].0);
}

#[test]
fn only_admins_let_people_in() {
    let people = people();
    let [alice, bob, carol, dave, _] = &people;
    let mut log = room(alice, &[bob, carol]);
    say(&mut log, bob, &add(dave));
    assert_eq!(who(&log, &people), "alice0 bob carol");
    assert!(!log.members().may(&bob.account, &add(dave)));
    say(&mut log, alice, &promote(bob));
    let added = say(&mut log, bob, &add(dave));
    assert_eq!(who(&log, &people), "alice0 bob1 carol dave");
    let member = log.members().member(&dave.account).unwrap();
    assert_eq!((member.added_by, member.added), (bob.account, added));
}

#[test]
fn a_removal_wins_over_an_add_that_did_not_know_it() {
    let people = people();
    let [alice, bob, carol, _, _] = &people;
    let mut here = room(alice, &[bob, carol]);
    say(&mut here, alice, &promote(bob));
    let mut there = fork(&here);
    say(&mut here, alice, &remove(carol));
    say(&mut there, bob, &add(carol));
    heal(&mut here, &mut there);
    assert_eq!(who(&here, &people), "alice0 bob1");
}

#[test]
fn an_add_that_knows_the_removal_brings_somebody_back() {
    let people = people();
    let [alice, bob, carol, _, _] = &people;
    let mut log = room(alice, &[bob, carol]);
    say(&mut log, alice, &remove(carol));
    assert_eq!(who(&log, &people), "alice0 bob");
    assert_eq!(log.members().cut(&carol.keys[0].id()), Some(0));
    say(&mut log, alice, &add(carol));
    assert_eq!(who(&log, &people), "alice0 bob carol");
    assert_eq!(log.members().cut(&carol.keys[0].id()), None);
}

#[test]
fn the_higher_of_two_admins_who_remove_each_other_stays() {
    let people = people();
    let [alice, bob, carol, dave, _] = &people;
    let mut here = room(alice, &[bob, carol, dave]);
    say(&mut here, alice, &promote(bob));
    say(&mut here, bob, &promote(carol));
    assert_eq!(who(&here, &people), "alice0 bob1 carol2 dave");
    let mut there = fork(&here);
    say(&mut here, bob, &remove(carol));
    say(&mut there, carol, &remove(bob));
    say(&mut there, carol, &remove(dave));
    heal(&mut here, &mut there);
    assert_eq!(who(&here, &people), "alice0 bob1 dave");
}

#[test]
fn admins_of_one_rank_cannot_remove_each_other() {
    let people = people();
    let [alice, bob, carol, _, _] = &people;
    let mut here = room(alice, &[bob, carol]);
    say(&mut here, alice, &promote(bob));
    say(&mut here, alice, &promote(carol));
    assert!(!here.members().may(&bob.account, &remove(carol)));
    let mut there = fork(&here);
    say(&mut here, bob, &remove(carol));
    say(&mut there, carol, &remove(bob));
    heal(&mut here, &mut there);
    assert_eq!(who(&here, &people), "alice0 bob1 carol1");
}

#[test]
fn nobody_removes_the_creator_but_the_creator_may_leave() {
    let people = people();
    let [alice, bob, carol, _, _] = &people;
    let mut log = room(alice, &[bob, carol]);
    say(&mut log, alice, &promote(bob));
    say(&mut log, bob, &remove(alice));
    say(&mut log, bob, &demote(alice));
    assert_eq!(who(&log, &people), "alice0 bob1 carol");
    say(&mut log, alice, &remove(alice));
    assert_eq!(who(&log, &people), "bob1 carol");
    say(&mut log, bob, &add(alice));
    assert_eq!(who(&log, &people), "alice bob1 carol");
    say(&mut log, bob, &remove(alice));
    assert_eq!(who(&log, &people), "bob1 carol");
}

#[test]
fn who_leaves_is_out_and_what_they_did_stays() {
    let people = people();
    let [alice, bob, carol, dave, _] = &people;
    let mut here = room(alice, &[bob]);
    say(&mut here, alice, &promote(bob));
    say(&mut here, bob, &add(carol));
    let mut there = fork(&here);
    let leave = Remove { account: bob.account, upto: vec![(bob.keys[0].id(), 12)] };
    say(&mut here, bob, &OpBody::Remove(leave));
    // A second device of bob's, or bob himself afterwards, as if he knew nothing of it.
    say(&mut there, bob, &add(dave));
    heal(&mut here, &mut there);
    assert_eq!(who(&here, &people), "alice0 carol");
    assert_eq!(here.members().cut(&bob.keys[0].id()), Some(12));
}

#[test]
fn who_is_demoted_does_no_more_as_an_admin_and_what_was_known_of_them_stays() {
    let people = people();
    let [alice, bob, carol, dave, _] = &people;
    let mut here = room(alice, &[bob]);
    say(&mut here, alice, &promote(bob));
    say(&mut here, bob, &add(carol));
    let mut there = fork(&here);
    say(&mut here, alice, &demote(bob));
    say(&mut there, bob, &add(dave));
    heal(&mut here, &mut there);
    assert_eq!(who(&here, &people), "alice0 bob carol");
    // Promoted again by somebody who knows of it.
    say(&mut here, alice, &promote(bob));
    say(&mut here, bob, &add(dave));
    assert_eq!(who(&here, &people), "alice0 bob1 carol dave");
}

#[test]
fn an_admin_may_step_down_and_then_be_removed_by_any_other() {
    let people = people();
    let [alice, bob, carol, _, _] = &people;
    let mut log = room(alice, &[bob, carol]);
    say(&mut log, alice, &promote(bob));
    say(&mut log, alice, &promote(carol));
    say(&mut log, bob, &demote(bob));
    assert_eq!(who(&log, &people), "alice0 bob carol1");
    say(&mut log, carol, &remove(bob));
    assert_eq!(who(&log, &people), "alice0 carol1");
}

#[test]
fn who_was_removed_changes_nothing_by_pretending_not_to_know() {
    let people = people();
    let [alice, bob, carol, dave, mallory] = &people;
    let mut log = room(alice, &[bob]);
    say(&mut log, alice, &promote(mallory));
    assert_eq!(who(&log, &people), "alice0 bob", "nobody knows who mallory is");
    say(&mut log, alice, &add(mallory));
    say(&mut log, alice, &promote(mallory));
    let early = fork(&log);
    say(&mut log, mallory, &add(carol));
    let upto = vec![(mallory.keys[0].id(), 40)];
    say(&mut log, alice, &OpBody::Remove(Remove { account: mallory.account, upto }));
    let before = log.members().clone();
    assert_eq!(who(&log, &people), "alice0 bob carol");
    let leave = Remove { account: mallory.account, upto: vec![(mallory.keys[0].id(), 99)] };
    let mut words = vec![add(dave), promote(bob), remove(bob), remove(carol), demote(mallory)];
    words.extend([OpBody::Remove(leave), meta(Meta::NAME, "Mine"), OpBody::Name("M".into())]);
    words.push(OpBody::Devices(mallory.manifests[1].clone()));
    for says in words {
        let mut backdated = fork(&early);
        say(&mut backdated, mallory, &says);
        heal(&mut log, &mut backdated);
        let mut now = log.members().clone();
        now.cut.retain(|device, _| before.cut.contains_key(device));
        assert_eq!(now, before, "{says:?}");
    }
    // Nor by taking back, with a new manifest, what the first device did: carol stays.
    let mut backdated = fork(&early);
    say(&mut backdated, mallory, &OpBody::Devices(mallory.manifests[1].clone()));
    say_with(&mut backdated, mallory, 1, &OpBody::Devices(mallory.manifests[2].clone()));
    heal(&mut log, &mut backdated);
    assert_eq!(who(&log, &people), "alice0 bob carol");
}

#[test]
fn what_a_stolen_device_says_counts_for_nothing_once_its_account_says_so() {
    let people = people();
    let [alice, bob, carol, dave, mallory] = &people;
    let mut here = room(alice, &[bob, carol]);
    say(&mut here, alice, &OpBody::Devices(alice.manifests[1].clone()));
    let mut stolen = fork(&here);
    say_with(&mut here, alice, 1, &OpBody::Devices(alice.manifests[2].clone()));
    // The thief has the first device and does not say that he knows.
    say(&mut stolen, alice, &remove(bob));
    say(&mut stolen, alice, &add(mallory));
    say(&mut stolen, alice, &remove(alice));
    heal(&mut here, &mut stolen);
    assert_eq!(who(&here, &people), "alice0 bob carol");
    assert_eq!(here.members().account_of(&alice.keys[0].id()), None);
    assert_eq!(here.members().account_of(&alice.keys[1].id()), Some(alice.account));
    // What the other device says counts.
    say_with(&mut here, alice, 1, &add(dave));
    say(&mut here, alice, &remove(dave));
    assert_eq!(who(&here, &people), "alice0 bob carol dave");
}

#[test]
fn a_manifest_passed_on_by_another_puts_devices_out_and_takes_nothing_back() {
    let people = people();
    let [alice, bob, carol, _, mallory] = &people;
    let mut here = room(alice, &[mallory]);
    let early = fork(&here);
    say(&mut here, alice, &add(bob));
    say(&mut here, alice, &add(carol));
    let mut backdated = fork(&early);
    say(&mut backdated, mallory, &OpBody::Devices(alice.manifests[2].clone()));
    heal(&mut here, &mut backdated);
    assert_eq!(who(&here, &people), "alice0 bob carol mallory");
    assert_eq!(here.members().account_of(&alice.keys[0].id()), None);
    assert_eq!(here.members().account_of(&alice.keys[1].id()), Some(alice.account));
    // From here on, the old device is out for who knows the manifest.
    say(&mut here, alice, &remove(bob));
    assert_eq!(who(&here, &people), "alice0 bob carol mallory");
}

#[test]
fn a_device_that_two_claim_is_with_who_signed_with_it_or_named_it_first() {
    let people = people();
    let [alice, bob, _, _, mallory] = &people;
    let mut log = Log::create(&create(alice)).unwrap();
    let liar = manifest(&mallory.root, 1, &[&mallory.keys[0], &bob.keys[0], &alice.keys[0]], &[]);
    say(&mut log, alice, &add_as(mallory.account, "", liar));
    say(&mut log, alice, &add(bob));
    assert_eq!(log.members().account_of(&alice.keys[0].id()), Some(alice.account));
    assert_eq!(log.members().account_of(&bob.keys[0].id()), Some(mallory.account));
    say(&mut log, bob, &OpBody::Name("Bob".into()));
    let members = log.members();
    assert_eq!(members.account_of(&bob.keys[0].id()), Some(bob.account));
    assert_eq!(members.member(&mallory.account).unwrap().devices.len(), 1);
    assert_eq!(members.device(&bob.keys[0].id()).unwrap().sig, bob.keys[0].sig_public());
}

#[test]
fn what_is_said_of_the_room_is_the_last_word_of_an_admin() {
    let people = people();
    let [alice, bob, _, _, _] = &people;
    let mut log = room(alice, &[bob]);
    say(&mut log, alice, &meta(Meta::NAME, "Orchard\u{202e}"));
    say(&mut log, alice, &meta(Meta::TOPIC, "apples"));
    say(&mut log, alice, &meta(Meta::HISTORY, "days 3"));
    say(&mut log, alice, &meta(77, "of a later version"));
    say(&mut log, alice, &OpBody::Secret([5; 32]));
    let mailbox = RoomMailbox { id: crate::ids::MailboxId([3; 32]), addrs: Vec::new(), secret: [1; 32] };
    say(&mut log, alice, &OpBody::Mailboxes(vec![mailbox.clone()]));
    for says in [meta(Meta::NAME, "Mine"), OpBody::Secret([6; 32]), OpBody::Mailboxes(Vec::new())] {
        say(&mut log, bob, &says);
    }
    say(&mut log, bob, &OpBody::Name("Robert".into()));
    let members = log.members();
    assert_eq!((members.name.as_str(), members.topic.as_str()), ("Orchard", "apples"));
    assert_eq!((members.history, members.secret), (Policy::Days(3), Some([5; 32])));
    assert_eq!(members.mailboxes, [mailbox]);
    assert_eq!(members.member(&bob.account).unwrap().name, "Robert");
}

#[test]
fn an_unknown_kind_is_kept_and_named_by_what_follows() {
    let people = people();
    let [alice, bob, carol, _, _] = &people;
    let mut log = room(alice, &[bob]);
    let mut op = log.draft(bob.account, bob.keys[0].id(), 0, &OpBody::Name("x".into())).unwrap();
    (op.kind, op.body) = (4_711, vec![1, 2, 3]);
    let op = op.sign(&bob.keys[0]).unwrap();
    assert!(matches!(log.insert(op.clone()), Ok(Inserted::New(_))));
    // One of a known kind with a part that must be understood is as unknown.
    let mut later = log.draft(alice.account, alice.keys[0].id(), 0, &remove(bob)).unwrap();
    later.ext = vec![(1, Vec::new())];
    log.insert(later.sign(&alice.keys[0]).unwrap()).unwrap();
    say(&mut log, alice, &add(carol));
    assert_eq!(who(&log, &people), "alice0 bob carol");
    assert_eq!(fork(&log).get(&OpId::of(&op)), Some(&op));
}

#[test]
fn the_members_of_earlier_times_can_be_told() {
    let people = people();
    let [alice, bob, carol, _, _] = &people;
    let mut log = room(alice, &[bob]);
    let then = log.tips();
    say(&mut log, alice, &remove(bob));
    say(&mut log, alice, &add(carol));
    let members = log.members_at(&then).unwrap();
    assert!(members.is_member(&bob.account) && !members.is_member(&carol.account));
    assert_eq!(*log.members_at(&log.tips()).unwrap(), *log.members());
    assert!(log.members_at(&[OpId([9; 32])]).is_none());
    assert!(log.knew(&log.tips()[0], &then[0]) && !log.knew(&then[0], &log.tips()[0]));
    assert_eq!(log.missing_for(&then).len(), 2);
}

#[test]
fn who_is_ahead_of_a_neighbour_gets_only_what_is_new() {
    let people = people();
    let [alice, bob, ..] = &people;
    let mut here = room(alice, &[bob]);
    for n in 0..200 {
        say(&mut here, alice, &OpBody::Name(format!("alice {n}")));
    }
    let mut there = fork(&here);
    say(&mut here, alice, &OpBody::Name("Alice".into()));
    for n in 0..3 {
        say(&mut there, bob, &OpBody::Name(format!("bob {n}")));
    }
    assert_eq!(there.missing_for(&here.tips()).len(), there.len(), "the tips alone tell nothing");
    assert_eq!(there.missing_for(&here.landmarks()).len(), 3 + 2);
    assert_eq!(here.missing_for(&there.landmarks()).len(), 1);
    assert!(here.landmarks().len() <= crate::room::PARENTS);
}

#[test]
fn a_group_cut_in_two_agrees_when_it_is_whole_again() {
    // One side puts carol out; the other lets dave in, carol speaks, and the admins turn on each other.
    let people = people();
    let [alice, bob, carol, dave, mallory] = &people;
    let mut here = room(mallory, &[alice, bob, carol]);
    say(&mut here, mallory, &promote(alice));
    say(&mut here, mallory, &promote(bob));
    let mut there = fork(&here);
    let upto = vec![(carol.keys[0].id(), 3)];
    say(&mut here, alice, &OpBody::Remove(Remove { account: carol.account, upto }));
    say(&mut there, bob, &add(dave));
    say(&mut there, carol, &OpBody::Name("Carol".into()));
    say(&mut here, alice, &remove(bob));
    say(&mut there, bob, &remove(alice));
    heal(&mut here, &mut there);
    assert_eq!(who(&here, &people), "alice1 bob1 dave mallory0");
    assert_eq!(here.members().cut(&carol.keys[0].id()), Some(3));
    assert!(here.members().devices().all(|(account, _)| account != carol.account));
}

//! Rooms in the simulator: the same members and the same messages at everybody in the end, whatever happened.

use starling_protocol::engine::Plant;
use starling_tests::sim::rooms::{self, Rooms};
use starling_tests::sim::{Outcome, run_all};

/// Seeds in which a planted fault must show.
const SEEDS: u64 = 30;

fn judged(rooms: &Rooms, seeds: std::ops::Range<u64>) {
    let outcomes: Vec<Outcome> = run_all(seeds, |seed| rooms::run_as(rooms, seed));
    let faults: Vec<String> = outcomes
        .iter()
        .flat_map(|outcome| outcome.faults.iter().map(move |fault| format!("seed {}: {fault}", outcome.seed)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let accepted: usize = outcomes.iter().map(|outcome| outcome.accepted).sum();
    assert!(accepted > 50 * outcomes.len(), "only {accepted} messages were written");
}

#[test]
fn rooms_of_friends_keep_the_laws() {
    judged(&Rooms::default(), 1..25);
}

#[test]
fn rooms_of_people_who_know_only_the_first_keep_the_laws() {
    judged(&Rooms { star: true, ..Rooms::default() }, 1..17);
}

#[test]
fn rooms_without_gossip_keep_the_laws() {
    judged(&Rooms { loss: 101, ..Rooms::default() }, 200..216);
}

#[test]
fn rooms_whose_members_come_and_go_keep_the_laws() {
    judged(&Rooms { members: 40, part: 14, ..Rooms::default() }, 300..316);
}

/// The laws bite: each planted fault is found within a few seeds.
#[test]
fn planted_faults_in_rooms_are_found() {
    let planted = [Plant::RoomSignUnopened, Plant::RoomForgetSent, Plant::RoomForgetWaiting];
    for plant in planted {
        let rooms = Rooms { plant: Some(plant), forget: 10, ..Rooms::default() };
        let found = (1..=SEEDS).find(|seed| !rooms::run_as(&rooms, *seed).faults.is_empty());
        println!("{plant:?}: seed {found:?}");
        assert!(found.is_some(), "{plant:?} was not found in {SEEDS} seeds");
    }
}

//! Nodes come and go, people move, bootstrap nodes die.

use crate::{PEOPLE, expect, large, rounds, scattered};
use starling_protocol::testing::Dht;
use starling_tests::sim::finding::{Figures, Finding};

/// Of a hundred nodes, how many leave in an hour when half of them stay for six.
const MEDIAN_SIX_HOURS: u64 = 11;

#[test]
fn everybody_who_moved_is_found_under_churn() {
    let mut dht = large(1);
    dht.churn_percent = MEDIAN_SIX_HOURS;
    let mut world = Finding::new(PEOPLE, dht, 1);
    let meetings = scattered(&mut world, rounds(), 2);
    expect("churn", &meetings, 990);
}

/// One moved and published; the DHT churns for hours; then the other comes back, who has moved too.
#[test]
fn a_record_of_hours_ago_is_still_found_under_churn() {
    let mut meetings = Vec::new();
    for hours in [1, 3, 5, 7, 9, 12] {
        let mut dht = large(hours);
        dht.churn_percent = MEDIAN_SIX_HOURS;
        let mut world = Finding::new(2, dht, hours);
        world.leave(0);
        world.leave(1);
        world.come_back(0);
        world.world.run(hours * 3_600_000);
        world.come_back(1);
        meetings.extend(world.meet(&[(1, 0), (0, 1)]));
        assert_eq!(world.judge(), Vec::<String>::new());
    }
    expect("old records", &meetings, 1_000);
}

/// People whose machines keep nothing for others are found like all.
#[test]
fn clients_are_found_like_servers() {
    let mut dht = large(2);
    dht.clients = (0..3).collect();
    let mut world = Finding::new(3, dht, 2);
    let meetings = scattered(&mut world, 1, 0);
    expect("clients", &meetings, 1_000);
}

/// Who moves while running is found by somebody who comes back.
#[test]
fn a_move_without_a_restart_is_published() {
    let mut world = Finding::new(2, large(3), 3);
    world.leave(1);
    world.world.run(60_000);
    let place = world.new_place();
    world.world.roam(0, place);
    world.world.run(60_000);
    world.come_back(1);
    let meetings = world.meet(&[(1, 0), (0, 1)]);
    expect("a move", &meetings, 1_000);
}

/// All that is left of the DHT are the people themselves: an address of old is a way in, and leads to the others.
#[test]
fn two_meet_in_the_dark_if_one_stayed_where_it_was() {
    let mut world = Finding::new(4, large(4), 4);
    world.world.run(3_600_000);
    world.dht().dark = true;
    world.dht().bootstraps = false;
    for index in [0, 1, 2] {
        world.leave(index);
    }
    world.world.run(60_000);
    // The first restarts where it was; the others are elsewhere, and know each other's old places only.
    world.world.start(0);
    world.leave(3);
    world.come_back(1);
    world.come_back(2);
    let meetings = world.meet(&[(1, 0), (0, 1), (1, 2), (2, 1)]);
    expect("in the dark", &meetings, 1_000);
}

/// Two on a LAN without internet are a DHT of two, and of three.
#[test]
fn a_lan_is_a_small_dht() {
    let mut dht = Dht::new(0, 5);
    dht.bootstraps = false;
    let mut world = Finding::new(3, dht, 5);
    for index in 0..3 {
        world.leave(index);
    }
    for index in 0..3 {
        world.come_back(index);
    }
    // The middle one sees both; the outer ones do not see each other.
    for (a, b) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
        world.world.meet_on_lan(a, b);
    }
    let meetings = world.meet(&[(0, 1), (1, 2), (0, 2), (2, 0)]);
    println!("{}", Figures::of(&meetings));
    expect("a LAN", &meetings, 1_000);
}

//! A room of many, made by the simulated world: people who let each other in, and who have told each other the keys of
//! those who will speak. Their disks are what the nodes of the show start from.

use anyhow::{Result, ensure};
use starling_protocol::engine::{Command, RoomSetting, Space};
use starling_protocol::ids::{AccountId, RoomId};
use starling_protocol::testing::{Disk, World};

/// Somebody as they were when the world ended.
pub struct Person {
    /// What they have on their disk.
    pub disk: Disk,
    /// Who they are.
    pub account: AccountId,
    /// The address that all others know of them.
    pub address: String,
}

/// A room and its people; who are last know the first and are not in it.
pub struct Many {
    /// Which.
    pub room: RoomId,
    /// They.
    pub people: Vec<Person>,
    /// Wall time when the world ended, in milliseconds since 1970.
    pub wall_ms: i64,
}

/// Makes a room of `members`, of whom the first `speakers` have said something, and `strangers` more.
///
/// # Errors
/// When the world does not come to rest.
pub fn many(members: usize, speakers: usize, strangers: usize) -> Result<Many> {
    let count = members + strangers;
    let mut world = World::new(count, 1);
    (0..count).for_each(|machine| world.start(machine));
    let room = world.make_room(0, "roof");
    let history = RoomSetting::History("all".to_owned());
    let set = world.command(0, Command::RoomSet { room, what: history });
    ensure!(set.is_ok(), "{set:?}");
    for newcomer in 1..members {
        // Everybody is let in by somebody else: nobody has all others as contacts.
        let by = (newcomer - 1) / 2;
        world.befriend(by, newcomer);
        if by > 0 && newcomer % 2 == 1 {
            let account = world.account(by);
            let role = world.command(0, Command::RoomRole { room, account, admin: true });
            ensure!(role.is_ok(), "{by} is no admin: {role:?}");
            world.run(3_000);
        }
        world.let_in(by, room, newcomer);
    }
    for stranger in members..count {
        world.befriend(0, stranger);
    }
    let settled = |world: &mut World| (0..members).all(|at| world.room_members(at, room).len() == members);
    ensure!(world.until(settled), "not everybody sees all members");
    for speaker in 0..speakers {
        let said = world.say(speaker, room, "hello");
        ensure!(said.is_ok(), "{speaker} cannot speak: {said:?}");
    }
    let quiet = |world: &mut World| {
        let waits = [Space::Outbox, Space::RoomSent, Space::RoomSealed];
        world.machines.iter().all(|machine| waits.iter().all(|space| machine.disk.count(*space) == 0))
    };
    ensure!((0..30).any(|_| world.until(quiet)), "something still waits");
    // Links that nobody needs any more end.
    world.run(10 * 60_000);
    let received = world.machines.iter().flat_map(|machine| &machine.disk.messages);
    let wall_ms = received.map(|message| message.received_at).max().unwrap_or(0) + 60 * 60_000;
    let addresses: Vec<String> = (0..count).map(|index| world.address(index)).collect();
    let person = |(machine, address): (starling_protocol::testing::Machine, String)| Person {
        disk: machine.disk,
        account: machine.account,
        address,
    };
    let people = world.machines.into_iter().zip(addresses).map(person).collect();
    Ok(Many { room, people, wall_ms })
}

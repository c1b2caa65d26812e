//! Invisible to all, hidden from one, and roads that change under a link.

use super::*;
use crate::engine::live::FrameOut;
use crate::engine::older::{FirstContact, FirstDevice, FirstInvite, FirstOwn};
use crate::engine::state::{Contact, DeviceRecord, InviteRecord, OwnRecord};
use crate::testing::Dht;
use crate::time::{HOUR_MS, MINUTE_MS, SECOND_MS};

fn set_presence(world: &mut World, at: usize, presence: Presence) {
    world.command(at, Command::SetPresence { presence }).unwrap();
}

/// How one machine saw another, in order, since a number of notices.
fn seen(world: &World, at: usize, since: usize) -> Vec<Presence> {
    let shown = |notice: &Notice| match notice {
        Notice::Presence { presence, .. } => Some(*presence),
        _ => None,
    };
    world.machines[at].notices[since..].iter().filter_map(shown).collect()
}

#[test]
fn who_turns_invisible_is_silent_until_they_show_themselves() {
    let mut world = World::new(3, 601);
    world.add_dht(Dht::new(30, 601));
    (0..3).for_each(|machine| world.start(machine));
    world.befriend(0, 1);
    world.run(MINUTE_MS);
    let link = world.invite(0, 1, true);
    set_presence(&mut world, 0, Presence::Invisible);
    world.run(100);
    assert_eq!(view(&mut world, 0, 1).via, None, "at once");
    assert_eq!(view(&mut world, 1, 0).via, None);
    world.dht_capture = Some(Vec::new());
    world.capture = Some(Vec::new());
    let id = world.send(0, 1, "later").unwrap();
    let back = world.send(1, 0, "are you there?").unwrap();
    world.command(2, Command::Add { link, name: None, note: String::new() }).unwrap();
    world.meet_on_lan(0, 1);
    world.meet_on_lan(1, 0);
    world.run(9 * HOUR_MS);
    let written = world.capture.take().unwrap();
    let mine = written.iter().filter(|(from, _)| *from == 0);
    assert!(mine.clone().all(|(_, bytes)| *bytes == [0xFF, 0xFF]), "only what strangers answer to a knock");
    assert!(mine.count() >= 1);
    assert!(written.iter().any(|(from, _)| *from == 1), "though bob calls");
    assert!(world.dht_capture.take().unwrap().iter().all(|put| put.machine != 0));
    assert_eq!(world.state(0, id, 1), Some(MessageState::Queued));
    // It is kept over a restart.
    world.crash(0);
    world.start(0);
    world.run(HOUR_MS);
    assert_eq!(view(&mut world, 0, 1).via, None);
    let Ok(Reply::Status(status)) = world.command(0, Command::Status) else { panic!("no status") };
    assert!(status.invisible);
    set_presence(&mut world, 0, Presence::Online);
    world.run(5 * SECOND_MS);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
    world.run(MINUTE_MS);
    assert_eq!(world.state(1, back, 0), Some(MessageState::Delivered));
    world.run(10 * MINUTE_MS);
    assert!(world.are_friends(2, 0));
}

#[test]
fn a_hidden_contact_sees_no_presence_and_no_typing_and_gets_messages() {
    let mut world = World::friends(2, 602);
    world.run(1_000);
    let bob = world.account(1);
    assert_eq!(view(&mut world, 1, 0).presence, Presence::Online);
    let shown = world.machines[1].notices.len();
    world.command(0, Command::SetVisibility { account: bob, visible: false }).unwrap();
    world.run(1_000);
    assert!(view(&mut world, 0, 1).hidden);
    assert_eq!(seen(&world, 1, shown), [Presence::Hidden]);
    let shown = world.machines[1].notices.len();
    set_presence(&mut world, 0, Presence::Away);
    let chat = world.chat(1);
    world.command(0, Command::Typing { chat, on: true }).unwrap();
    // Also on a new link, after both restarted.
    for index in [0, 1] {
        world.crash(index);
        world.start(index);
    }
    world.run(10_000);
    let id = world.send(0, 1, "from nowhere").unwrap();
    world.run(1_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
    assert!(seen(&world, 1, shown).iter().all(|p| matches!(p, Presence::Hidden | Presence::Offline)));
    assert!(!world.machines[1].notices[shown..].iter().any(|n| matches!(n, Notice::Typing { on: true, .. })));
    // Bob hides nothing, and is shown again.
    assert_eq!(view(&mut world, 0, 1).presence, Presence::Online);
    world.command(0, Command::SetVisibility { account: bob, visible: true }).unwrap();
    world.run(1_000);
    assert_eq!(view(&mut world, 1, 0).presence, Presence::Away);
    let nobody = Command::SetVisibility { account: AccountId([9; 32]), visible: false };
    assert_eq!(world.command(0, nobody), Err(Refusal::NoContact));
}

#[test]
fn a_presence_is_kept_over_a_restart_and_others_ones_cannot_be_set() {
    let mut world = World::friends(2, 603);
    set_presence(&mut world, 0, Presence::Busy);
    world.crash(0);
    world.start(0);
    world.run(10_000);
    assert_eq!(view(&mut world, 1, 0).presence, Presence::Busy);
    for presence in [Presence::Offline, Presence::Hidden] {
        assert!(world.command(0, Command::SetPresence { presence }).is_err());
    }
}

#[test]
fn a_relayed_link_moves_to_a_direct_connection_with_messages_on_the_way() {
    for seed in 0..20 {
        let mut world = World::new(2, 610 + seed);
        let relay = world.add_relay();
        (0..2).for_each(|machine| world.start(machine));
        world.befriend(0, 1);
        // Behind routers from now on, each reached by the relay.
        for index in [0, 1] {
            world.crash(index);
            world.put_behind(index, Some(relay));
        }
        world.max_latency_ms = 300;
        (0..2).for_each(|machine| world.start(machine));
        let (a, b) = (world.relayed_address(relay, 0), world.relayed_address(relay, 1));
        for (at, of, addr) in [(0, 1, b), (1, 0, a)] {
            let peer = peer(&mut world, at, of);
            peer.record.addrs = vec![addr];
            let device = world.machines[of].device;
            let now_ms = engine(&mut world, at).now.mono_ms;
            engine(&mut world, at).timers.set(Timer::Dial(device), now_ms);
        }
        world.run(20_000);
        assert_eq!(view(&mut world, 0, 1).via, Some(Via::Relay), "seed {seed}");
        // The relayed address is not put in front of what the card says.
        assert!(peer(&mut world, 0, 1).record.addrs[0].contains("p2p-circuit"));
        let mut sent = [Vec::new(), Vec::new()];
        for n in 0..60 {
            for from in [0, 1] {
                let text = format!("{from}.{n}");
                world.send(from, 1 - from, &text).unwrap();
                sent[from].push(text);
            }
            if n == 20 {
                let (a, b) = if seed % 2 == 0 { (0, 1) } else { (1, 0) };
                world.punch(a, b);
            }
            world.run(50);
        }
        world.run(10_000);
        assert_eq!(view(&mut world, 0, 1).via, Some(Via::Direct), "seed {seed}");
        assert_eq!(view(&mut world, 1, 0).via, Some(Via::Direct), "seed {seed}");
        for from in [0, 1] {
            assert_eq!(world.shown(1 - from, from), sent[from], "seed {seed}");
        }
        assert_eq!(world.links_between(0, 1), (1, 1), "the relayed connection is given up: seed {seed}");
        assert!(!events(&world, 0).iter().any(|event| matches!(event, Event::Gap { .. })));
    }
}

#[test]
fn profiles_of_the_first_version_still_load() {
    let mut world = World::friends(2, 604);
    world.invite(0, 3, true);
    world.run(1_000);
    world.crash(0);
    for ((space, _), value) in &mut world.machines[0].disk.records {
        let (version, body) = (value[0], value[1..].to_vec());
        let first = match space {
            Space::Own => {
                let now: OwnRecord = crate::wire::decode(&body).unwrap();
                crate::wire::encode(&FirstOwn {
                    name: now.name,
                    device: now.device,
                    olm: now.olm,
                    fallback: now.fallback,
                    fallback_lived_ms: now.fallback_lived_ms,
                    manifest: now.manifest,
                    card_seq: now.card_seq,
                    lived_ms: now.lived_ms,
                    last_wall_ms: now.last_wall_ms,
                    read_receipts: now.read_receipts,
                    received_mark: now.received_mark,
                })
            }
            Space::Contact => {
                let now: Contact = crate::wire::decode(&body).unwrap();
                crate::wire::encode(&FirstContact {
                    account: now.account,
                    name: now.name,
                    named_by_us: now.named_by_us,
                    state: now.state,
                    reason: now.reason,
                    verified: now.verified,
                    key_changed: now.key_changed,
                    rv_in: now.rv_in,
                    rv_out: now.rv_out,
                    manifest: now.manifest,
                    join: now.join,
                    last_seen: now.last_seen,
                })
            }
            Space::Invite => {
                let now: InviteRecord = crate::wire::decode(&body).unwrap();
                crate::wire::encode(&FirstInvite {
                    secret: now.secret,
                    hints: now.hints,
                    uses: now.uses,
                    until_lived_ms: now.until_lived_ms,
                    until_wall_ms: now.until_wall_ms,
                    auto_accept: now.auto_accept,
                    revoked: now.revoked,
                })
            }
            Space::Device => {
                let now: DeviceRecord = crate::wire::decode(&body).unwrap();
                crate::wire::encode(&FirstDevice {
                    account: now.account,
                    sig: now.sig,
                    noise: now.noise,
                    olm: now.olm,
                    fallback: now.fallback,
                    card_seq: now.card_seq,
                    addrs: now.addrs,
                    reset_lived_ms: now.reset_lived_ms,
                    tombstones: now.tombstones,
                    sending: now.sending,
                })
            }
            _ => {
                assert_eq!(version, 1, "{space:?}");
                continue;
            }
        };
        assert_eq!(version, 2, "{space:?}");
        *value = [&[1][..], &first.unwrap()].concat();
    }
    world.start(0);
    world.run(10_000);
    let id = world.send(0, 1, "still me").unwrap();
    world.run(1_000);
    assert_eq!(world.state(0, id, 1), Some(MessageState::Delivered));
    assert!(!view(&mut world, 0, 1).hidden);
    assert!(engine(&mut world, 0).invites.values().all(|invite| !invite.private));
}

#[test]
fn when_somebody_was_last_seen_is_told_to_nobody() {
    let mut world = World::friends(3, 605);
    world.run(1_000);
    world.crash(1);
    world.run(MINUTE_MS);
    let at = view(&mut world, 0, 1).last_seen.unwrap();
    let engine = engine(&mut world, 0);
    let told = [
        FrameOut::Card(engine.own_card(&[0; 32]).unwrap()),
        FrameOut::Card(engine.invite_card(&[0; 32], true).unwrap()),
        FrameOut::Presence(engine.presence_for(engine.account())),
        FrameOut::Typing(true),
    ];
    let number = crate::wire::encode(&at).unwrap();
    let raw = at.to_le_bytes();
    for frame in told {
        let bytes = frame.encode().unwrap();
        assert!(!bytes.windows(number.len()).any(|part| part == number));
        assert!(!bytes.windows(6).any(|part| part == &raw[..6]));
    }
}

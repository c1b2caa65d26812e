//! People who are never there together, mailboxes of which all but one lie, and the faults planted to see that the laws
//! would notice.

use starling_protocol::engine::Plant;
use starling_protocol::testing::Sabotage;
use starling_tests::sim::mail::{Absent, Keepers, run};
use starling_tests::sim::{Outcome, heavy, run_all};

/// Seeds in which a planted fault must show.
const WITHIN: u64 = 30;

fn broken(outcomes: &[Outcome]) -> Vec<(u64, &[String])> {
    outcomes.iter().filter(|o| !o.faults.is_empty()).map(|o| (o.seed, o.faults.as_slice())).collect()
}

fn sum(outcomes: &[Outcome], part: fn(&Outcome) -> usize) -> usize {
    outcomes.iter().map(part).sum()
}

#[test]
fn one_honest_mailbox_is_enough_for_people_who_never_meet() {
    let outcomes = run_all(1..41, |seed| run(&Absent::default(), seed));
    assert_eq!(broken(&outcomes), []);
    let accepted = sum(&outcomes, |outcome| outcome.accepted);
    assert!(accepted > 2_500, "the runs do too little: {accepted}");
    assert_eq!(accepted, sum(&outcomes, |outcome| outcome.shown));
}

#[test]
fn what_once_waited_for_ever_in_two_full_boxes_does_not() {
    assert_eq!(broken(&run_all(146..147, |seed| run(&Absent::default(), seed))), []);
}

/// Answers that found no room or no key, and mail that was thrown away all the same.
#[test]
fn what_once_waited_between_honest_mailboxes_comes() {
    let scenario = Absent { keepers: Keepers::Honest, ..Absent::default() };
    for seed in [42, 108, 128, 137] {
        assert_eq!(broken(&[run(&scenario, seed)]), []);
    }
}

#[test]
fn mailboxes_that_all_lie_double_nothing_and_claim_nothing() {
    let scenario = Absent { keepers: Keepers::Liars, ..Absent::default() };
    let outcomes = run_all(1..21, |seed| run(&scenario, seed));
    assert_eq!(broken(&outcomes), []);
}

#[test]
fn one_seed_is_one_run() {
    for seed in [1, 7, 42] {
        assert_eq!(run(&Absent::default(), seed), run(&Absent::default(), seed));
    }
}

#[test]
fn what_is_told_late_comes_and_honest_mailboxes_leave_nothing_waiting() {
    for (keepers, apart) in [(Keepers::Late, false), (Keepers::Late, true), (Keepers::Honest, false)] {
        let scenario = Absent { keepers, apart, ..Absent::default() };
        let outcomes = run_all(1..21, |seed| run(&scenario, seed));
        assert_eq!(broken(&outcomes), [], "{keepers:?}");
    }
}

/// The laws bite: each planted fault is found within a few seeds.
#[test]
fn planted_faults_are_found() {
    use Keepers::{Honest, Late, Liars, OneHonest};
    let ack = Some(Plant::AckBeforeAnswer);
    let planted = [
        ("acknowledged before the commit", ack, Some(Sabotage::ActFirst), Honest),
        ("acknowledged before the answer", ack, None, Honest),
        ("encrypted again on a retry", Some(Plant::Reencrypt), None, OneHonest),
        ("deduplicated in memory only", None, Some(Sabotage::ForgetSeen), OneHonest),
        ("delivered when deposited", Some(Plant::DeliveredOnDeposit), None, OneHonest),
        ("deleted before the answer", Some(Plant::DeleteBeforeAck), None, Liars),
        ("the end of a fetch believed", Some(Plant::TrustPageEnd), None, Late),
        ("a chain key used again", None, Some(Sabotage::ForgetSessions), OneHonest),
        ("dropped on a full queue", Some(Plant::DropOnFull), None, OneHonest),
    ];
    for (name, plant, sabotage, keepers) in planted {
        // A cursor is kept for as long as a run of the node.
        let apart = plant == Some(Plant::TrustPageEnd);
        let scenario = Absent { plant, sabotage, keepers, apart, ..Absent::default() };
        let found = (1..=WITHIN).find(|seed| !run(&scenario, *seed).faults.is_empty());
        println!("{name}: found by seed {found:?}");
        assert!(found.is_some(), "{name}: not found in {WITHIN} seeds");
    }
}

#[test]
fn ten_thousand_waiting_messages_are_drained_in_order() {
    let (took_ms, faults) = heavy::drain(10_000, 1);
    println!("10,000 messages were there {took_ms} ms after their recipient");
    assert_eq!(faults, Vec::<String>::new());
    assert!(took_ms < 120_000, "{took_ms} ms");
}

#[test]
fn two_hundred_first_words_cross_in_mailboxes() {
    let outcomes =
        run_all(1..201, |seed| Outcome { seed, faults: heavy::crossing(seed), ..Outcome::default() });
    assert_eq!(broken(&outcomes), []);
}

#[test]
fn what_is_written_after_a_week_old_disk_came_back_is_shown_once() {
    let run =
        |seed| Outcome { seed, faults: heavy::week_old_disk(seed).expect("texts"), ..Outcome::default() };
    assert_eq!(broken(&run_all(1..9, run)), []);
}

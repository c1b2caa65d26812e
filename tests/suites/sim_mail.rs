//! People who are never there together, mailboxes of which all but one lie, and the faults planted to see that the laws
//! would notice.

use starling_protocol::engine::Plant;
use starling_tests::sim::mail::{Absent, run};
use starling_tests::sim::{Outcome, run_all};

fn broken(outcomes: &[Outcome]) -> Vec<(u64, &[String])> {
    outcomes.iter().filter(|o| !o.faults.is_empty()).map(|o| (o.seed, o.faults.as_slice())).collect()
}

fn sum(outcomes: &[Outcome], part: fn(&Outcome) -> usize) -> usize {
    outcomes.iter().map(part).sum()
}

#[test]
fn one_honest_mailbox_is_enough_for_people_who_never_meet() {
    let outcomes = run_all(1..61, |seed| run(&Absent::default(), seed));
    assert_eq!(broken(&outcomes), []);
    let accepted = sum(&outcomes, |outcome| outcome.accepted);
    assert!(accepted > 4_000, "the runs do too little: {accepted}");
    assert_eq!(accepted, sum(&outcomes, |outcome| outcome.shown));
}

#[test]
fn mailboxes_that_all_lie_double_nothing_and_claim_nothing() {
    let scenario = Absent { honest: false, ..Absent::default() };
    let outcomes = run_all(1..31, |seed| run(&scenario, seed));
    assert_eq!(broken(&outcomes), []);
}

#[test]
fn one_seed_is_one_run() {
    for seed in [1, 7, 42] {
        assert_eq!(run(&Absent::default(), seed), run(&Absent::default(), seed));
    }
}

/// The laws bite: each planted fault is found within a few seeds.
#[test]
fn planted_faults_are_found() {
    for plant in Plant::ALL {
        let scenario = Absent { plant: Some(plant), ..Absent::default() };
        let found = (1..=20).find(|seed| !run(&scenario, *seed).faults.is_empty());
        println!("{plant:?} is found by seed {found:?}");
        assert!(found.is_some(), "{plant:?} is not found in 20 seeds");
    }
}

//! Two hundred seeds of the simulator, every law, in one test; and that one seed is one run.

use starling_protocol::testing::Sabotage;
use starling_tests::sim::{Outcome, Scenario, run, run_all, run_as};

fn all(scenario: &Scenario, seeds: std::ops::Range<u64>) -> Vec<Outcome> {
    run_all(seeds, |seed| run_as(scenario, seed))
}

fn broken(outcomes: &[Outcome]) -> Vec<(u64, &[String])> {
    outcomes.iter().filter(|o| !o.faults.is_empty()).map(|o| (o.seed, o.faults.as_slice())).collect()
}

#[test]
fn two_hundred_seeds_keep_every_law() {
    let outcomes = all(&Scenario::default(), 1..201);
    assert_eq!(broken(&outcomes), []);
    let accepted: usize = outcomes.iter().map(|outcome| outcome.accepted).sum();
    let shown: usize = outcomes.iter().map(|outcome| outcome.shown).sum();
    assert!(accepted > 20_000, "the runs do too little: {accepted}");
    assert_eq!(accepted, shown);
}

#[test]
fn every_scenario_keeps_every_law() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(dir).expect("the scenarios") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a scenario");
        let scenario = Scenario::parse(&name, &text).expect("a scenario that can be read");
        let outcomes = all(&scenario, 1..13);
        assert_eq!(broken(&outcomes), [], "{name}");
        count += 1;
    }
    assert!(count >= 3);
}

#[test]
fn one_seed_is_one_run() {
    for seed in [1, 7, 42, 77, 150] {
        let (first, second) = (run(seed), run(seed));
        assert_eq!(first, second);
    }
}

/// The laws bite: each planted fault is found within a few seeds.
#[test]
fn planted_faults_are_found() {
    let planted = [
        (Sabotage::ActFirst, 20),
        (Sabotage::ForgetSeen, 20),
        (Sabotage::ForgetRows, 5),
        (Sabotage::ForgetSessions, 5),
        (Sabotage::ForgetStreams, 5),
    ];
    for (sabotage, within) in planted {
        let scenario = Scenario { sabotage: Some(sabotage), ..Scenario::default() };
        let found = (1..=within).find(|seed| !run_as(&scenario, *seed).faults.is_empty());
        println!("{sabotage:?} is found by seed {found:?}");
        assert!(found.is_some(), "{sabotage:?} is not found in {within} seeds");
    }
}

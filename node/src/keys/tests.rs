#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{KeyError, KeyFile, Lock, MAGIC, SUM};
use starling_protocol::kdf;
use starling_protocol::rng::Rng;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

const MASTER: [u8; 32] = *b"the master key of this database.";
const SEED: [u8; 32] = *b"the seed of alice's account.....";
/// Cheap enough for tests: 64 KiB, one pass, one lane.
const CHEAP: (u32, u32, u32) = (64, 1, 1);

fn made(lock: &Lock<'_>) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys");
    KeyFile::create_with(&path, lock, &MASTER, &SEED, CHEAP).unwrap();
    (dir, path)
}

/// Puts a checksum that fits under bytes.
fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let sum = kdf::hash(&content);
    content.extend_from_slice(&sum);
    content
}

#[test]
fn a_passphrase_opens_what_it_locked() {
    let (_dir, path) = made(&Lock::Passphrase(b"correct horse '\0%"));
    let file = KeyFile::read(&path).unwrap();
    assert!(file.is_locked());
    assert_eq!(*file.open(Some(b"correct horse '\0%")).unwrap().master, MASTER);
    assert_eq!(*file.seed(Some(b"correct horse '\0%")).unwrap(), SEED);
    for wrong in [&b"correct horse"[..], b"", b"correct horse '\0% "] {
        assert!(matches!(file.open(Some(wrong)), Err(KeyError::Wrong)));
        assert!(matches!(file.seed(Some(wrong)), Err(KeyError::Wrong)));
    }
    assert!(matches!(file.open(None), Err(KeyError::Locked)));
}

#[test]
fn without_a_passphrase_it_opens_itself() {
    let (_dir, path) = made(&Lock::None);
    let file = KeyFile::read(&path).unwrap();
    assert!(!file.is_locked());
    assert_eq!(*file.open(None).unwrap().master, MASTER);
    assert_eq!(*file.seed(Some(b"not needed")).unwrap(), SEED);
    assert_eq!(*file.open(None).unwrap().database(), kdf::derive("db", &[&MASTER]));
}

#[test]
fn the_real_cost_works() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys");
    KeyFile::create(&path, &Lock::Passphrase(b"p"), &MASTER, &SEED).unwrap();
    assert_eq!(*KeyFile::read(&path).unwrap().open(Some(b"p")).unwrap().master, MASTER);
}

#[test]
fn an_existing_file_is_left_alone() {
    let (dir, path) = made(&Lock::None);
    let before = fs::read(&path).unwrap();
    let again = KeyFile::create_with(&path, &Lock::None, &SEED, &MASTER, CHEAP);
    assert!(matches!(again, Err(KeyError::Exists)));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    // Even an empty or dangling one.
    let empty = dir.path().join("empty");
    fs::write(&empty, b"").unwrap();
    assert!(matches!(
        KeyFile::create_with(&empty, &Lock::None, &MASTER, &SEED, CHEAP),
        Err(KeyError::Exists)
    ));
    assert_eq!(fs::read(&empty).unwrap(), b"");
}

#[test]
fn two_hundred_corruptions_are_refused_untouched() {
    for lock in [Lock::None, Lock::Passphrase(b"p")] {
        let (_dir, path) = made(&lock);
        let whole = fs::read(&path).unwrap();
        for seed in 0..200 {
            let mut rng = Rng::from_number(seed);
            let mut bytes = whole.clone();
            let place = rng.below(bytes.len() as u64) as usize;
            match rng.below(4) {
                0 => bytes[place] ^= 1 << rng.below(8),
                1 => bytes.truncate(place),
                2 => bytes.push(0),
                _ => bytes[place..].fill(0),
            }
            if bytes == whole {
                continue;
            }
            fs::write(&path, &bytes).unwrap();
            assert!(matches!(KeyFile::read(&path), Err(KeyError::Damaged { .. })), "seed {seed}");
            assert!(matches!(
                KeyFile::create_with(&path, &lock, &MASTER, &SEED, CHEAP),
                Err(KeyError::Exists)
            ));
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }
}

#[test]
fn forged_files_with_a_fitting_checksum_open_nothing() {
    let (_dir, path) = made(&Lock::Passphrase(b"p"));
    let whole = fs::read(&path).unwrap();
    let content = &whole[..whole.len() - SUM];
    for place in MAGIC.len() + 1..content.len() {
        let mut forged = content.to_vec();
        forged[place] ^= 1;
        fs::write(&path, sealed(forged)).unwrap();
        let outcome = KeyFile::read(&path).and_then(|file| {
            let (master, seed) = (file.open(Some(b"p")), file.seed(Some(b"p")));
            master.and(seed.map(|_| ()))
        });
        assert!(matches!(outcome, Err(KeyError::Wrong | KeyError::Damaged { .. })), "byte {place}");
    }
    // The wrapped seed in the place of the master key.
    let mut file = KeyFile::read(&{
        fs::write(&path, &whole).unwrap();
        path
    })
    .unwrap();
    std::mem::swap(&mut file.body.master, &mut file.body.seed);
    assert!(matches!(file.open(Some(b"p")), Err(KeyError::Wrong)));
}

#[test]
fn newer_missing_and_greedy_files() {
    let (dir, path) = made(&Lock::Passphrase(b"p"));
    assert!(matches!(KeyFile::read(&dir.path().join("none")), Err(KeyError::Missing)));
    assert!(matches!(KeyFile::read(dir.path()), Err(KeyError::Damaged { .. })));
    let newer = sealed([MAGIC, &[2], b"whatever comes"].concat());
    fs::write(&path, newer).unwrap();
    assert!(matches!(KeyFile::read(&path), Err(KeyError::Newer { found: 2, known: 1 })));
    fs::write(&path, vec![7; 70_000]).unwrap();
    assert!(matches!(KeyFile::read(&path), Err(KeyError::Damaged { .. })));
    for greedy in [(u32::MAX, 1, 1), (64, u32::MAX, 1), (64, 1, 1_000), (0, 0, 0)] {
        assert!(!super::Argon::new(greedy).unwrap().is_sane());
    }
}

#[cfg(unix)]
#[test]
fn private_and_without_secrets_in_sight() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, path) = made(&Lock::None);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let bytes = fs::read(&path).unwrap();
    for secret in [MASTER, SEED] {
        assert!(!bytes.windows(16).any(|window| window == &secret[..16]));
    }
    let file = KeyFile::read(&path).unwrap();
    let words = format!("{file:?} {:?}", file.open(None).unwrap());
    assert_eq!(words, "KeyFile { locked: false, .. } Keys(..)");
}

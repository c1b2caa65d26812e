#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::{InstallError, Profile, ProfileError, files};
use crate::keys::{KeyError, KeyFile, Lock};
use crate::store::sqlite::SqliteStore;
use crate::store::{Store as _, StoreError};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn profile(dir: &Path) -> Profile {
    let mut profile = Profile::locate_in(Some(dir.to_owned()), None).unwrap();
    profile.make_folder().unwrap();
    profile
}

fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

#[test]
fn names_and_places() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().canonicalize().unwrap();
    let here = Profile::locate_in(Some(base.join("work")), None).unwrap();
    assert_eq!((here.name(), here.database()), ("work".to_owned(), base.join("work/store.db")));
    assert!(!here.exists() && !here.dir().exists());
    assert_eq!(Profile::locate_in(Some(base.join("work")), Some("home")).unwrap().dir(), base.join("home"));
    let standard = Profile::locate_in(None, Some("home")).unwrap();
    assert!(standard.dir().is_absolute() && standard.dir().ends_with("starling/home"));
    assert!(Profile::locate_in(None, None).unwrap().dir().ends_with("starling/default"));
    for bad in ["", ".", "..", ".hidden", "a/b", "a\0", "ä", "a b", &"x".repeat(65)] {
        assert!(matches!(Profile::locate_in(None, Some(bad)), Err(ProfileError::BadName)), "{bad:?}");
    }
    let file = base.join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(Profile::locate_in(Some(file), None), Err(ProfileError::NotAFolder { .. })));
}

#[cfg(unix)]
#[test]
fn folders_and_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b/c");
    let made = profile(&deep);
    for folder in ["a", "a/b", "a/b/c"] {
        assert_eq!(mode(&dir.path().join(folder)), 0o700);
    }
    fs::set_permissions(&deep, fs::Permissions::from_mode(0o755)).unwrap();
    let _lock = made.lock().unwrap();
    made.install(&Lock::None, &[1; 32], &[], 0).unwrap();
    Profile::locate_in(Some(deep.clone()), None).unwrap();
    assert_eq!(mode(&deep), 0o700);
    // A folder that is something else is not closed under somebody's hands.
    let shared = dir.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("letter"), b"").unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(Profile::locate_in(Some(shared.clone()), None), Err(ProfileError::Open { .. })));
    assert_eq!(mode(&shared), 0o755);
    for path in contents(&deep).keys() {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
}

#[cfg(unix)]
#[test]
fn another_users_folder_is_refused() {
    // Root's folder, unless the tests run as root, who has none that is another's for certain.
    if !rustix::process::geteuid().is_root() {
        let refused = Profile::locate_in(Some(PathBuf::from("/")), None);
        assert!(matches!(refused, Err(ProfileError::NotYours { .. })));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(dir.path(), Some(12_345), None).unwrap();
    let refused = Profile::locate_in(Some(dir.path().to_owned()), None);
    assert!(matches!(refused, Err(ProfileError::NotYours { .. })));
}

#[test]
fn the_second_one_is_told_who_was_first_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let real = dir.path().join("real");
    let first = profile(&real);
    let lock = first.lock().unwrap();
    let before = contents(&real);
    let refuse = |profile: &Profile| match profile.lock() {
        Err(ProfileError::InUse { pid, since }) => {
            assert_eq!(pid, Some(std::process::id()));
            assert!(since.unwrap() <= std::time::SystemTime::now());
        }
        other => panic!("{other:?}"),
    };
    refuse(&first);
    #[cfg(unix)]
    {
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let through = Profile::locate_in(Some(link), None).unwrap();
        assert_eq!(through.dir(), first.dir());
        refuse(&through);
    }
    assert_eq!(contents(&real), before);
    drop(lock);
    drop(first.lock().unwrap());
    // What a crashed holder left in the file keeps nobody out.
    fs::write(first.lock_file(), b"not a pid").unwrap();
    let lock = first.lock().unwrap();
    fs::write(first.lock_file(), b"\xff\xff").unwrap();
    assert!(matches!(first.lock(), Err(ProfileError::InUse { pid: None, since: None })));
    drop(lock);
}

#[cfg(unix)]
#[test]
fn a_symlink_as_lock_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let here = profile(&dir.path().join("p"));
    let victim = dir.path().join("victim");
    fs::write(&victim, b"precious").unwrap();
    std::os::unix::fs::symlink(&victim, here.lock_file()).unwrap();
    assert!(matches!(here.lock(), Err(ProfileError::Io { .. })));
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn an_account_is_installed_once() {
    let dir = tempfile::tempdir().unwrap();
    let here = profile(&dir.path().join("p"));
    let keys = here.install(&Lock::None, &[7; 32], &[], 0).unwrap();
    assert!(here.exists());
    let opened = KeyFile::read(&here.keys()).unwrap();
    assert_eq!(opened.open(None).unwrap().master, keys.master);
    assert_eq!(*opened.seed(None).unwrap(), [7; 32]);
    let mut store = SqliteStore::open(&here.database(), &keys.database()).unwrap();
    assert!(store.load().unwrap().is_empty());
    drop(store);
    let before = contents(here.dir());
    assert_eq!(before.len(), 2);
    assert!(matches!(here.install(&Lock::None, &[8; 32], &[], 0), Err(InstallError::Keys(KeyError::Exists))));
    assert_eq!(contents(here.dir()), before);
    // Without its key file a database is not quietly replaced either.
    fs::remove_file(here.keys()).unwrap();
    let refused = here.install(&Lock::None, &[8; 32], &[], 0);
    assert!(matches!(refused, Err(InstallError::Store(StoreError::Damaged { .. }))));
    assert_eq!(fs::read(here.database()).unwrap(), before[&here.database()]);
    assert!(!here.exists());
}

#[test]
fn an_installation_cut_off_anywhere_ends_well() {
    let dir = tempfile::tempdir().unwrap();
    // Cut off before the key file: begun anew.
    let here = profile(&dir.path().join("before"));
    SqliteStore::prepare(&here.database(), &[3; 32], &[], 0).unwrap();
    assert!(!here.exists());
    let keys = here.install(&Lock::None, &[7; 32], &[], 0).unwrap();
    SqliteStore::open(&here.database(), &keys.database()).unwrap();
    // Cut off after it: finished at the next start.
    let here = profile(&dir.path().join("after"));
    let master = [4; 32];
    let keys = crate::keys::Keys { master: zeroize::Zeroizing::new(master) };
    SqliteStore::prepare(&here.database(), &keys.database(), &[], 0).unwrap();
    KeyFile::create(&here.keys(), &Lock::None, &master, &[7; 32]).unwrap();
    let opened = KeyFile::read(&here.keys()).unwrap().open(None).unwrap();
    SqliteStore::open(&here.database(), &opened.database()).unwrap();
    assert!(here.database().exists());
}

#[cfg(unix)]
#[test]
fn sockets_of_long_places_are_short() {
    use std::os::unix::net::{UnixListener, UnixStream};
    let dir = tempfile::tempdir().unwrap();
    let near = profile(&dir.path().join("p"));
    assert_eq!(near.socket_to_bind().unwrap(), near.socket());
    assert_eq!(near.socket_to_connect(), near.socket());
    let far = profile(&dir.path().join("x".repeat(120)));
    let runtime = dir.path().join("run");
    let bound = far.short_socket(Some(runtime.clone())).unwrap();
    assert!(bound.starts_with(&runtime) && bound.as_os_str().len() <= 100);
    let _listener = UnixListener::bind(&bound).unwrap();
    far.link_socket(&bound).unwrap();
    far.link_socket(&bound).unwrap();
    assert_eq!(far.socket_to_connect(), bound);
    UnixStream::connect(far.socket_to_connect()).unwrap();
    let other = profile(&dir.path().join("y".repeat(120)));
    assert_ne!(other.short_socket(Some(runtime)).unwrap(), bound);
    let hopeless = other.short_socket(Some(dir.path().join("z".repeat(120)))).unwrap();
    assert!(hopeless.starts_with("/tmp"));
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    files::write_new(&path, b"one").unwrap();
    assert_eq!(files::write_new(&path, b"two").unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&path).unwrap(), b"one");
    files::replace(&path, b"three").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"three");
    assert_eq!(files::read_small(&path, 5).unwrap(), b"three");
    assert_eq!(files::read_small(&path, 4).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
    files::remove_if_there(&path).unwrap();
    files::remove_if_there(&path).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

//! Why a node did not start, or a profile could not begin, in the words of a [`Trouble`].

use super::trouble::{FAILED, LOCKED, STORE, misuse, sentence};
use super::types::Trouble;
use crate::config::ConfigError;
use crate::keys::KeyError;
use crate::node::{InitError, StartError};
use crate::profile::{InstallError, ProfileError};
use crate::reload::ReloadError;
use std::time::SystemTime;

const NOTHING_SENT: &str = "Nothing is lost; nothing is sent or received until it starts.";

impl From<ProfileError> for Trouble {
    fn from(fault: ProfileError) -> Self {
        let said = sentence(&fault.to_string());
        match fault {
            ProfileError::InUse { pid, since } => in_use(pid, since),
            ProfileError::NoHome | ProfileError::BadName => misuse(said, "Name another place with `--dir`."),
            ProfileError::NotAFolder { .. } | ProfileError::NotYours { .. } => {
                Self::new("E-PROFILE", FAILED, said, NOTHING_SENT, "Name another folder with `--dir`.")
            }
            ProfileError::Open { .. } | ProfileError::Io { .. } => Self::new(
                "E-PROFILE",
                FAILED,
                said,
                NOTHING_SENT,
                "Look after the folder's rights and the disk.",
            ),
        }
    }
}

fn in_use(pid: Option<u32>, since: Option<SystemTime>) -> Trouble {
    let process = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    let since = since
        .and_then(|at| jiff::Timestamp::try_from(at).ok())
        .map(|at| format!(", since {}", at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M")))
        .unwrap_or_default();
    Trouble::new(
        "E-PROFILE",
        FAILED,
        format!("Another Starling ({process}{since}) uses this profile"),
        "It sends and receives; this one did nothing.",
        "Use it, or end it with `starling stop`.",
    )
}

impl From<KeyError> for Trouble {
    fn from(fault: KeyError) -> Self {
        let said = sentence(&fault.to_string());
        match fault {
            KeyError::Wrong => Self::new(
                "E-LOCK",
                LOCKED,
                "That passphrase does not open this profile",
                "Nothing is lost.",
                "Try again, or restore the account elsewhere with the 24 words.",
            ),
            KeyError::Locked => Self::new(
                "E-LOCK",
                LOCKED,
                "This profile is locked, and there is nothing to open it with",
                "Nothing is lost.",
                "Give `--passphrase-file FILE`, or start it in a terminal.",
            ),
            KeyError::Missing => Self::new(
                "E-PROFILE",
                FAILED,
                "There is no profile here yet",
                "Nothing was done.",
                "Begin with `starling`, or with `starling init --name NAME`.",
            ),
            KeyError::Exists => exists(),
            KeyError::Damaged { .. } => Self::new(
                "E-STORE",
                STORE,
                format!("{said}. It was not changed"),
                "Nothing is sent or received.",
                "Copy the profile folder before anything else, then put the key file back from a backup.",
            ),
            KeyError::Newer { .. } => {
                Self::new("E-STORE", STORE, said, "Nothing was changed.", "Use the newer Starling.")
            }
            KeyError::Memory => {
                Self::new("E-LOCK", FAILED, said, "Nothing is lost.", "Close something and try again.")
            }
            KeyError::Io(_) => {
                Self::new("E-STORE", STORE, said, "Nothing was changed.", "Look after the disk.")
            }
        }
    }
}

fn exists() -> Trouble {
    Trouble::new(
        "E-PROFILE",
        FAILED,
        "This profile has an account already",
        "Nothing was changed.",
        "Use it, or name another place with `--dir` or `--profile`.",
    )
}

impl From<ConfigError> for Trouble {
    fn from(fault: ConfigError) -> Self {
        Self::new(
            "E-CONFIG",
            FAILED,
            sentence(&fault.to_string()),
            NOTHING_SENT,
            "Correct the configuration and start again.",
        )
    }
}

impl From<ReloadError> for Trouble {
    fn from(fault: ReloadError) -> Self {
        match fault {
            ReloadError::Config(fault) => {
                let told: Self = fault.into();
                Self {
                    means: "Nothing was changed; the node goes on as it was.".to_owned(),
                    do_: "Correct the configuration, then `starling reload`.".to_owned(),
                    ..told
                }
            }
            ReloadError::Node(fault) => fault.into(),
        }
    }
}

impl From<InstallError> for Trouble {
    fn from(fault: InstallError) -> Self {
        match fault {
            InstallError::Keys(fault) => fault.into(),
            InstallError::Store(fault) => fault.into(),
        }
    }
}

impl From<StartError> for Trouble {
    fn from(fault: StartError) -> Self {
        let said = sentence(&fault.to_string());
        match fault {
            StartError::Profile(fault) => fault.into(),
            StartError::Config(fault) => fault.into(),
            StartError::Keys(fault) => fault.into(),
            StartError::Store(fault) => fault.into(),
            StartError::Load(_) => Self::new(
                "E-STORE",
                STORE,
                format!("The store is damaged and was not changed: {said}"),
                "Nothing more is sent or received.",
                "Copy the profile folder before anything else, then restore it from a backup.",
            ),
            StartError::Net(_) => {
                Self::new("E-NET", FAILED, said, NOTHING_SENT, "Give other addresses with `--listen`.")
            }
            StartError::Web { .. } => Self::new(
                "E-WEB",
                FAILED,
                said,
                NOTHING_SENT,
                "Give another address with `--web`, or set `web` in config.toml.",
            ),
            StartError::Socket(_) => {
                Self::new("E-SOCKET", FAILED, said, NOTHING_SENT, "Look after the profile folder's rights.")
            }
            StartError::System(_) => Self::new("E-SYSTEM", FAILED, said, NOTHING_SENT, "Try again."),
        }
    }
}

impl From<InitError> for Trouble {
    fn from(fault: InitError) -> Self {
        let said = sentence(&fault.to_string());
        match fault {
            InitError::Exists => exists(),
            InitError::Words(_) => misuse(said, "Correct the words and try again; no account was made."),
            InitError::Genesis(_) => misuse(said, "Choose another name."),
            InitError::Profile(fault) => fault.into(),
            InitError::Install(fault) => fault.into(),
            InitError::Config(fault) => fault.into(),
            InitError::Entropy => Self::new("E-SYSTEM", FAILED, said, "No account was made.", "Try again."),
        }
    }
}

//! `init`, `restore`, `words`, `id`, `verify`: who one is.

use super::args::{Global, Init, Restore};
use super::out::{Out, guard_line, write_out};
use super::session::{self, Session, new_lock, secret_file};
use serde::Deserialize;
use serde_json::json;
use starling_node::api::client::{Client, ClientError, Wanted};
use starling_node::api::trouble::{self, misuse};
use starling_node::api::types::{Account, Contact, Object, Safety, Trouble, V};
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// How long the other side has to answer a comparison: their computer does it, nobody needs to press a key.
const COMPARE: Duration = Duration::from_secs(15);

/// `init`: account, device, store, keys, configuration.
///
/// # Errors
/// In words.
pub fn init(global: &Global, init: &Init) -> Result<(), Trouble> {
    let out = session::out(global);
    let profile = session::profile(global)?;
    if profile.exists() {
        return Err(exists());
    }
    let lock = new_lock(global, init.no_passphrase)?;
    let words_to =
        init.words_to.as_deref().map(|path| new_secret_file(path).map(|file| (path, file))).transpose()?;
    let made = starling_node::init(&profile, &init.name, lock.as_ref().map(|lock| lock.as_slice()));
    let made = match (made, &words_to) {
        (Ok(made), _) => made,
        (Err(fault), Some((path, _))) => {
            // It was made above and is empty.
            let _ = std::fs::remove_file(path);
            return Err(fault.into());
        }
        (Err(fault), None) => return Err(fault.into()),
    };
    let account = Account {
        v: V,
        account: made.account.to_string(),
        device: made.device.to_string(),
        name: init.name.clone(),
    };
    out.object(&Object::Account(account), || made.account.to_string());
    if let Some((path, mut file)) = words_to {
        file.write_all(format!("{}\n", made.words.as_str()).as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|fault| words_not_written(path, &fault))?;
        out.talk(
            "The 24 words that bring the account back are in that file. Keep it away from this computer.",
        );
    } else if std::io::stderr().is_terminal() {
        out.talk("These 24 words bring the account back. Write them on paper:");
        out.talk(&columns(&made.words));
    } else {
        out.talk("`starling words` shows the 24 words that bring the account back.");
    }
    Ok(())
}

fn exists() -> Trouble {
    Trouble::new(
        "E-PROFILE",
        trouble::FAILED,
        "This profile has an account already",
        "Nothing was changed.",
        "Use it, or name another place with `--dir` or `--profile`.",
    )
}

fn new_secret_file(path: &Path) -> Result<File, Trouble> {
    File::options().write(true).create_new(true).mode(0o600).open(path).map_err(|fault| {
        let what = if fault.kind() == std::io::ErrorKind::AlreadyExists {
            format!("{} exists already", path.display())
        } else {
            format!("{} cannot be made: {fault}", path.display())
        };
        Trouble::new("E-FILE", trouble::FAILED, what, "No account was made.", "Name a new file.")
    })
}

fn words_not_written(path: &Path, fault: &std::io::Error) -> Trouble {
    Trouble::new(
        "E-FILE",
        trouble::FAILED,
        format!("The words could not be written to {}: {fault}", path.display()),
        "The account was made.",
        "`starling words` shows them.",
    )
}

/// 24 words in four columns, numbered.
fn columns(words: &str) -> Zeroizing<String> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let rows = words.len().div_ceil(4);
    let mut text = Zeroizing::new(String::with_capacity(words.len() * 16));
    for row in 0..rows {
        for column in 0..4 {
            let at = column * rows + row;
            if let Some(word) = words.get(at) {
                text.push_str(&format!("  {:>2} {word:<10}", at + 1));
            }
        }
        text.push('\n');
    }
    text
}

/// `restore`: a new device for the account of 24 words.
///
/// # Errors
/// In words.
pub fn restore(global: &Global, restore: &Restore) -> Result<(), Trouble> {
    if restore.backup.is_some() {
        return Err(misuse("`restore --backup` is not there yet", "Restore from the words alone."));
    }
    let profile = session::profile(global)?;
    if profile.exists() {
        return Err(exists());
    }
    let bytes = secret_file(&restore.words_from)?;
    let words = std::str::from_utf8(&bytes).map_err(|_| {
        misuse("The file with the words is not text", "Give the file that holds the 24 words.")
    })?;
    let lock = new_lock(global, restore.no_passphrase)?;
    let name = if restore.name.is_empty() { "me" } else { &restore.name };
    let made = starling_node::restore(&profile, name, words, lock.as_ref().map(|lock| lock.as_slice()))?;
    let out = session::out(global);
    let account = Account {
        v: V,
        account: made.account.to_string(),
        device: made.device.to_string(),
        name: name.to_owned(),
    };
    out.object(&Object::Account(account), || made.account.to_string());
    out.talk("The account is back on a new device. The words hold no contacts and no history: exchange invites again.");
    if restore.name.is_empty() {
        out.talk("Others see the name \"me\"; `starling rpc name '{\"name\":\"Ilse\"}'` changes it.");
    }
    Ok(())
}

#[derive(Deserialize)]
struct Words {
    words: String,
}

/// `words`: from the running node, or from the key file when none runs.
///
/// # Errors
/// In words.
pub async fn words(global: &Global) -> Result<(), Trouble> {
    let profile = session::profile(global)?;
    if !profile.exists() {
        return Err(session::no_profile());
    }
    let passphrase = session::opening(global, &profile)?;
    let words = match Client::connect(&profile.socket_to_connect()).await {
        Ok(client) => {
            let text = passphrase
                .as_ref()
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .map(Zeroizing::new);
            let params = json!({ "passphrase": text.as_ref().map(|text| text.as_str()) });
            Zeroizing::new(client.call::<Words>("words", params).await?.words)
        }
        Err(ClientError::NoNode) => {
            starling_node::words(&profile, passphrase.as_ref().map(|text| text.as_slice()))?
        }
        Err(fault) => return Err(fault.into()),
    };
    if global.json {
        super::out::json_line(&json!({ "v": V, "type": "words", "words": words.as_str() }));
    } else if std::io::stdout().is_terminal() {
        write_out(&columns(&words));
    } else {
        write_out(&format!("{}\n", words.as_str()));
    }
    Ok(())
}

/// `id`, `id @who`.
///
/// # Errors
/// The node's, in words.
pub async fn id(session: &Session, out: Out, who: Option<&str>) -> Result<(), Trouble> {
    if let Some(who) = who {
        return safety(session, out, who).await;
    }
    let own: Object = session.client.call("id", json!({})).await?;
    out.object(&own, || super::human::object(&own, &super::human::Names::default()));
    Ok(())
}

async fn safety(session: &Session, out: Out, who: &str) -> Result<(), Trouble> {
    let safety: Safety = session.client.call("safety", json!({ "who": who })).await?;
    let object = Object::Safety(safety.clone());
    out.object(&object, || safety.number.clone());
    let name = guard_line(&safety.name);
    out.talk(&if safety.key_changed {
        format!("The key of {name} changed. Compare the number again before you trust it.")
    } else if safety.verified {
        format!("You compared this number with {name}, and it is the same.")
    } else {
        format!("Not compared with {name} yet: read it to each other, then `starling verify @who --matches`.")
    });
    Ok(())
}

/// `verify @who [--matches]`.
///
/// # Errors
/// The node's, in words.
pub async fn verify(session: &Session, out: Out, who: &str, matches: bool) -> Result<(), Trouble> {
    if !matches {
        return safety(session, out, who).await;
    }
    let contact: Contact =
        session.client.call("people.verify", json!({ "who": who, "matches": true })).await?;
    let name = guard_line(&contact.name);
    out.object(&Object::Contact(contact), || format!("{name} is verified"));
    Ok(())
}

/// `verify @who --words`: the same three words come to both.
///
/// # Errors
/// The node's, in words; that the other did not answer.
pub async fn compare(session: &Session, out: Out, who: &str) -> Result<(), Trouble> {
    let wanted = Wanted { types: vec!["compare".to_owned()], ..Wanted::since("now") };
    let mut events = session.client.subscribe(&wanted).await?;
    let contact: Contact = session.client.call("people.compare", json!({ "who": who })).await?;
    let answer = async {
        while let Some(object) = events.next().await {
            if let Object::Compare(compare) = object
                && compare.account == contact.account
            {
                return Some(compare);
            }
        }
        None
    };
    let name = guard_line(&contact.name);
    let Ok(Some(compare)) = tokio::time::timeout(COMPARE, answer).await else {
        return Err(Trouble::new(
            "E-SILENT",
            1,
            format!("{name}'s Starling did not answer"),
            "Nothing was compared.",
            "It may be older, or just gone: try again, or compare `starling verify @who` without --words.",
        ));
    };
    let words = compare.words.join(" ");
    out.object(&Object::Compare(compare), || words);
    out.talk(&format!(
        "Ask {name} for theirs, by voice. The same: `starling verify @who --matches`. Others: somebody is in the middle."
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_for_the_words_is_private_from_birth_and_never_replaces_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        drop(new_secret_file(&path).unwrap());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(new_secret_file(&path).unwrap_err().exit, 1);
    }

    #[test]
    fn words_stand_in_four_numbered_columns() {
        let words = (1..=24).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
        let text = columns(&words);
        assert_eq!(text.lines().count(), 6);
        assert_eq!(
            text.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(),
            ["1", "w1", "7", "w7", "13", "w13", "19", "w19"]
        );
    }
}

//! Writing a message in the person's own editor. The text goes through a file only its owner may read, in the folder
//! of the profile's socket, and nothing of it stays there. An editor that fails changes nothing.

use starling_node::api::types::Trouble;
use starling_node::profile::files;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes taken back from the editor; as much as the line editor holds.
const BYTES: u64 = 64 * 1024;

/// The command of the person's editor: the one they set, else that of the environment.
pub fn editor(set: &str) -> String {
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let set = Some(set.to_owned()).filter(|set| !set.trim().is_empty());
    set.or_else(|| of("VISUAL")).or_else(|| of("EDITOR")).unwrap_or_else(|| "vi".to_owned())
}

/// Has an editor change a text; waits until it ends. The terminal must be the editor's meanwhile.
///
/// # Errors
/// In words; the text is then as it was.
pub fn write(folder: &Path, editor: &str, text: &str) -> Result<String, Trouble> {
    let file = Draft::new(folder, text).map_err(|error| failed(&error.to_string()))?;
    let status = shell(editor).arg(&file.path).status().map_err(|error| failed(&error.to_string()))?;
    if !status.success() {
        return Err(failed(&format!("\"{editor}\" ended with an error ({status})")));
    }
    let bytes = files::read_small(&file.path, BYTES).map_err(|error| failed(&error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(text.strip_suffix('\n').map_or_else(|| text.clone(), str::to_owned))
}

fn failed(why: &str) -> Trouble {
    Trouble::new(
        "E-EDITOR",
        1,
        format!("Your editor did not work: {why}"),
        "Your text is as it was; nothing was sent.",
        "Set another with /set editor COMMAND, or $EDITOR.",
    )
}

/// The editor's command may have words of its own ("code --wait"), so that the shell takes it apart.
#[cfg(unix)]
fn shell(editor: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg("editor");
    command
}

#[cfg(not(unix))]
fn shell(editor: &str) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("notepad"));
    command.args(words);
    command
}

/// The file a text goes through. When it is dropped, its bytes are overwritten and it is removed.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn new(folder: &Path, text: &str) -> io::Result<Self> {
        let path = folder.join(format!("message-{}.txt", std::process::id()));
        // One that a crash left behind.
        files::remove_if_there(&path)?;
        let mut file = files::create_private(&path)?;
        let draft = Self { path };
        file.write_all(text.as_bytes())?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Nobody is left to tell if that fails; the file is its owner's alone.
        if let Ok(about) = std::fs::metadata(&self.path)
            && let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(&self.path)
        {
            let blank = vec![0; usize::try_from(about.len().min(BYTES)).unwrap_or(0)];
            let _ = file.write_all(&blank).and_then(|()| file.sync_all());
        }
        let _ = files::remove_if_there(&self.path);
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn left(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn what_the_editor_wrote_comes_back_without_its_last_line_end_and_no_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let text = write(folder.path(), "printf 'and more\\n' >>", "begun ").unwrap();
        assert_eq!(text, "begun and more");
        assert_eq!(left(folder.path()), 0);
    }

    #[test]
    fn only_the_owner_can_read_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let text = write(folder.path(), "sh -c 'stat -c %a \"$0\" > \"$0.new\"; mv \"$0.new\" \"$0\"'", "x")
            .unwrap();
        assert_eq!(text, "600");
    }

    #[test]
    fn an_editor_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for editor in ["false", "/nowhere/ed", "rm"] {
            assert!(write(folder.path(), editor, "kept").is_err(), "{editor}");
            assert_eq!(left(folder.path()), 0);
        }
    }
}

//! Writing a message in the person's own editor. The text goes through a file only its owner may read, alone in a folder
//! beside the profile's socket, so that nothing of it stays there, neither the file nor what an editor keeps beside it. An
//! editor that fails changes nothing.

use starling_node::api::types::Trouble;
use starling_node::profile::files;
use std::io::{self, Read as _, Write as _};
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
    let mut file = Draft::new(folder, text).map_err(|error| failed(&error.to_string()))?;
    let status = shell(editor).arg(&file.path).status().map_err(|error| failed(&error.to_string()))?;
    if !status.success() {
        return Err(failed(&format!("\"{editor}\" ended with an error ({status})")));
    }
    let bytes = match files::read_small(&file.path, BYTES) {
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Err(file.too_long()),
        read => read.map_err(|error| failed(&error.to_string()))?,
    };
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

/// The file a text goes through. When it is dropped, it and what stands beside it is overwritten and removed.
struct Draft {
    folder: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Draft {
    fn new(beside: &Path, text: &str) -> io::Result<Self> {
        let folder = beside.join(format!("write-{}", std::process::id()));
        // One that a crash left behind.
        clear(&folder);
        let mut making = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut making, 0o700);
        making.create(&folder)?;
        let path = folder.join("message.txt");
        let draft = Self { folder, path, kept: false };
        files::create_private(&draft.path)?.write_all(text.as_bytes())?;
        Ok(draft)
    }

    /// What was written stays where it is: it fits nowhere else.
    fn too_long(&mut self) -> Trouble {
        self.kept = true;
        Trouble::new(
            "E-EDITOR",
            1,
            "What you wrote is longer than 64 KiB and does not fit into one message",
            format!("It is kept in {}; the line is as it was, nothing was sent.", self.path.display()),
            "Send it in parts.",
        )
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            clear(&self.folder);
        }
    }
}

/// Overwrites and removes all files of a folder, and it. Nobody is left to tell if that fails; it is its owner's alone.
fn clear(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Some(about) = entry.metadata().ok().filter(std::fs::Metadata::is_file) else { continue };
        if let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(entry.path()) {
            let _ = io::copy(&mut io::repeat(0).take(about.len()), &mut file).and_then(|_| file.sync_all());
        }
    }
    let _ = std::fs::remove_dir_all(folder);
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
    fn what_an_editor_keeps_beside_the_file_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            write(folder.path(), "sh -c 'cp \"$0\" \"$0~\"; mkdir \"${0%/*}/swap\"'", "secret").unwrap();
        assert_eq!((text.as_str(), left(folder.path())), ("secret", 0));
    }

    #[test]
    fn what_is_too_long_for_a_message_is_kept_in_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let trouble = write(folder.path(), "sh -c 'yes | head -c 70000 > \"$0\"'", "x").unwrap_err();
        let kept = folder.path().join(format!("write-{}/message.txt", std::process::id()));
        assert_eq!(std::fs::metadata(&kept).unwrap().len(), 70_000);
        assert!(trouble.means.contains(kept.to_str().unwrap()));
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

//! What to do about a trouble, in the words of the screen: the node names commands of the command line, which somebody
//! at the screen would have to leave it for.

/// A command of the command line, and what does the same here. Longer ones stand before their beginnings.
const HERE: &[(&str, &str)] = &[
    ("room list --json", "Ctrl-K and #"),
    ("room list", "Ctrl-K and #"),
    ("room members #room", "/people"),
    ("room join", "/join"),
    ("people unblock", "/unblock"),
    ("people rename", "/name"),
    ("people --json", "Ctrl-K and @"),
    ("people", "Ctrl-K and @"),
    ("mailbox list", "/mailbox"),
    ("mailbox", "/mailbox"),
    ("add", "/add"),
    ("requests", "/requests"),
    ("verify @who --matches", "/verify @who"),
    ("id @who", "/verify @who"),
    ("presence", "/presence"),
    ("react", "/react"),
    ("chats", "/chats"),
    ("again ID", "/again"),
    ("reload", "/reload"),
    ("invite list", "Ctrl-N"),
];

/// The same advice with the commands of the screen, where there is one.
pub fn here(advice: &str) -> String {
    let mut parts = advice.split('`');
    let mut out = parts.next().unwrap_or("").to_owned();
    // Behind the first part: what stands between two marks, then what stands behind them, and so on.
    while let Some(command) = parts.next() {
        match (translated(command), parts.next()) {
            (Some(here), behind) => {
                out.push_str(&here);
                out.push_str(behind.unwrap_or(""));
            }
            (None, Some(behind)) => out.push_str(&format!("`{command}`{behind}")),
            (None, None) => out.push_str(&format!("`{command}")),
        }
    }
    out
}

fn translated(command: &str) -> Option<String> {
    let verb = command.strip_prefix("starling ")?;
    HERE.iter().find_map(|(known, here)| {
        let more = verb.strip_prefix(known)?;
        (more.is_empty() || more.starts_with(' ')).then(|| format!("{here}{more}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_the_command_line_are_said_as_those_of_the_screen() {
        assert_eq!(here("`starling people unblock @who` takes that back."), "/unblock @who takes that back.");
        assert_eq!(
            here("Use `starling add LINK`, or `starling frob`."),
            "Use /add LINK, or `starling frob`."
        );
        assert_eq!(here("`starling peoples` no"), "`starling peoples` no");
        assert_eq!(here("an `open mark"), "an `open mark");
        assert_eq!(here(""), "");
    }
}

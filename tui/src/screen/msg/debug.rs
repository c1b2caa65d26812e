//! How an effect is written in a log.

use super::Effect;

impl std::fmt::Debug for Effect {
    /// Only the kind: texts, names, links and secrets stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Create { .. } => "Create",
            Self::Open { .. } => "Open",
            Self::WordsLater(_) => "WordsLater",
            Self::Words { .. } => "Words",
            Self::Chats => "Chats",
            Self::People => "People",
            Self::Requests => "Requests",
            Self::Status => "Status",
            Self::Net => "Net",
            Self::NetTest => "NetTest",
            Self::Presence { .. } => "Presence",
            Self::Visible { .. } => "Visible",
            Self::Log { .. } => "Log",
            Self::Mail(_) => "Mail",
            Self::Near(_) => "Near",
            Self::Room(_) => "Room",
            Self::Talk(_) => "Talk",
            Self::Outside(_) => "Outside",
            Self::Place(_) => "Place",
            Self::Kept { .. } => "Kept",
            Self::One { .. } => "One",
            Self::Send { .. } => "Send",
            Self::Edit { .. } => "Edit",
            Self::Delete { .. } => "Delete",
            Self::React { .. } => "React",
            Self::MarkRead { .. } => "MarkRead",
            Self::Typing { .. } => "Typing",
            Self::Draft { .. } => "Draft",
            Self::Invite => "Invite",
            Self::Add { .. } => "Add",
            Self::Accept { .. } => "Accept",
            Self::Drop { .. } => "Drop",
            Self::Rename { .. } => "Rename",
            Self::Block { .. } => "Block",
            Self::Verify { .. } => "Verify",
            Self::Safety { .. } => "Safety",
            Self::Find { .. } => "Find",
            Self::Nick { .. } => "Nick",
            Self::Wake => "Wake",
            Self::Copy { .. } => "Copy",
            Self::Setting(_) => "Setting",
            Self::Suspend => "Suspend",
            Self::Redraw => "Redraw",
            Self::Quit { .. } => "Quit",
        })
    }
}

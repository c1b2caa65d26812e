//! How the rows of the chat pane are shared out: title, warning, messages, the line above the editor, the editor.
//! Both scrolling and drawing ask this, so that they never disagree about what is visible.

use super::{Model, Notice, words};
use crate::screen::text::columns;
use crate::screen::text::wrap::{self, EditRow};

/// Rows an error may take. It is cut after that; its end is the code, which the log has too.
const NOTICE_ROWS: usize = 4;

/// Columns of text in the editor that a long prompt must leave.
const EDITOR_LEAST: usize = 24;

/// The rows of the chat pane, top to bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrangement {
    /// Rows of title and rule.
    pub head: u16,
    /// The warning about the network; at most one row.
    pub warning: Option<String>,
    /// Rows for messages.
    pub messages: u16,
    /// Rows of the notice.
    pub notice: Vec<String>,
    /// Rows of what is answered or edited: 0 or 1.
    pub context: u16,
    /// Rows of the rule with the writers: 0 or 1.
    pub rule: u16,
    /// In front of the editor's first row.
    pub prompt: String,
    /// The editor's rows that are shown.
    pub editor: Vec<EditRow>,
    /// Row and column of the caret among them.
    pub caret: (usize, usize),
}

/// In front of the editor; an open channel says that it is one, as far as that leaves columns for text.
pub fn prompt(model: &Model) -> String {
    let pane = usize::from(model.geometry().pane);
    let long = model.open_channel().map(words::open::prompt).into_iter();
    let fits = |prompt: &String| columns(prompt) + 1 + EDITOR_LEAST <= pane;
    let short = model.open_channel().map(|_| "(open) >".to_owned());
    long.chain(short).find(fits).unwrap_or_else(|| ">".to_owned())
}

/// Shares out the rows of the chat pane.
pub fn arrange(model: &Model) -> Arrangement {
    let geometry = model.geometry();
    let width = usize::from(geometry.pane).max(1);
    let prompt = prompt(model);
    let room = width.saturating_sub(columns(&prompt) + 1).max(2);
    let (rows, caret) = wrap::edit_rows(model.editor.lines(), model.editor.caret(), room);
    let shown = usize::from(geometry.editor(rows.len()));
    let from = (caret.0 + 1).saturating_sub(shown).min(rows.len().saturating_sub(shown));
    let editor: Vec<EditRow> = rows.into_iter().skip(from).take(shown).collect();
    let mut notice = match &model.notice {
        Some(Notice::Trouble(trouble)) => wrap::wrap(&format!("! {}", words::trouble(trouble)), width),
        Some(Notice::Said(words)) => wrap::wrap(words, width),
        None => model.undo_line().map_or_else(Vec::new, |line| wrap::wrap(&line, width)),
    };
    notice.truncate(NOTICE_ROWS);
    let context = u16::from(model.compose != super::Compose::New);
    let mut left = geometry.height.saturating_sub(geometry.bar);
    let mut take = |wanted: u16| {
        let given = wanted.min(left);
        left -= given;
        given
    };
    let editor_rows = take(u16::try_from(editor.len()).unwrap_or(1));
    let head = take(geometry.head);
    let notice_rows = take(u16::try_from(notice.len()).unwrap_or(0));
    let context = take(context);
    let rule = take(u16::from(!model.clean));
    let warning = words::key_changed(model, width)
        .or_else(|| words::warning(model, width))
        .or_else(|| words::mail::asks(model, width));
    let warning = warning.filter(|_| geometry.height >= 10 && take(1) == 1);
    notice.truncate(usize::from(notice_rows));
    let messages = left;
    let mut editor = editor;
    editor.truncate(usize::from(editor_rows));
    let caret = (caret.0.saturating_sub(from), caret.1);
    Arrangement { prompt, head, warning, messages, notice, context, rule, editor, caret }
}

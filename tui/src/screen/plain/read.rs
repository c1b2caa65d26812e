//! The terminal of line mode: one thread that reads a line when it is asked to, one that writes finished lines. On a
//! capable terminal `rustyline` edits the line and prints what comes above it; on a dumb one and on a pipe lines are
//! read as the system gives them. What was typed is kept for this run only, never in a file.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, ExternalPrinter, Helper};
use std::io::{BufRead, IsTerminal, Read, Write};
use std::sync::mpsc as blocking;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// Bytes of a typed line. A message may have 32 KiB; a pipe with more in one line is told so.
const LINE_BYTES: u64 = 65_536;
/// Lines typed before that can be called up again.
const HISTORY: usize = 200;
/// Batches of lines on their way to the terminal. A full queue makes line mode wait for it.
const OUTGOING: usize = 64;

/// What is asked of the reading thread.
pub struct Ask {
    /// In front of the line.
    pub prompt: String,
    /// Whether what is typed must not be seen, nor kept.
    pub secret: bool,
    /// What completes a word.
    pub names: Vec<String>,
}

/// What it heard.
pub enum Heard {
    /// A line, without its end.
    Line(Zeroizing<String>),
    /// A line longer than any message; none of it is used.
    TooLong,
    /// Ctrl-C.
    Interrupt,
    /// The end.
    End,
}

/// What is written.
pub enum Out {
    /// Finished lines.
    Lines(Vec<String>),
    /// In front of what is typed.
    Prompt(String),
    /// A line was typed; whether the terminal did not show its end.
    Typed(bool),
}

/// Both threads.
pub struct Terminal {
    ask: blocking::SyncSender<Ask>,
    heard: mpsc::Receiver<Heard>,
    out: mpsc::Sender<Out>,
    over: tokio::sync::oneshot::Receiver<()>,
    before: Option<Termios>,
    /// Whether a person types: stdin and stdout are a terminal.
    pub person: bool,
    /// Whether the line can be edited; prompts are its own then.
    edits: bool,
}

type Edited = Editor<Names, DefaultHistory>;

impl Terminal {
    /// Starts the threads on this process's stdin and stdout.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start() -> std::io::Result<Self> {
        let person = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let before = tcgetattr(std::io::stdin()).ok();
        let mut editor = if person && capable() { edited() } else { None };
        let printer = editor.as_mut().and_then(|editor| editor.create_external_printer().ok());
        if printer.is_none() {
            editor = None;
        }
        let edits = editor.is_some();
        let (ask, asked) = blocking::sync_channel(1);
        let (tell, heard) = mpsc::channel(1);
        let (out, outgoing) = mpsc::channel(OUTGOING);
        let (end, over) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("lines-in".to_owned())
            .spawn(move || reading(editor, &asked, &tell))?;
        std::thread::Builder::new().name("lines-out".to_owned()).spawn(move || {
            let _end = end;
            match printer {
                Some(mut printer) => writing(outgoing, |text| printer.print(text).is_ok(), false),
                None => writing(outgoing, to_stdout, person),
            }
        })?;
        Ok(Self { ask, heard, out, over, before, person, edits })
    }

    /// Asks for a line; [`Self::heard`] gives it.
    pub async fn ask(&self, ask: Ask) {
        if self.person && (ask.secret || !self.edits) {
            self.write(Out::Prompt(ask.prompt.clone())).await;
        }
        // It asks for one at a time, so that there is room.
        let _ = self.ask.try_send(ask);
    }

    /// The next line. Pending while none was asked for.
    pub async fn heard(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or(Heard::End)
    }

    /// Writes. False if nobody reads any more.
    pub async fn write(&self, out: Out) -> bool {
        self.out.send(out).await.is_ok()
    }

    /// Leaves the line that is being typed, so that the shell begins on one of its own.
    pub async fn leave_line(&self) {
        if self.person && !self.edits {
            self.write(Out::Typed(true)).await;
        }
    }

    /// Lets the last lines out, at most a second, and leaves the terminal as it was.
    pub async fn finish(self) {
        drop(self.out);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), self.over).await;
        if let Some(before) = self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
        }
    }
}

/// Whether the terminal can move its cursor.
fn capable() -> bool {
    std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

fn edited() -> Option<Edited> {
    let config = Config::builder()
        .max_history_size(HISTORY)
        .ok()?
        .completion_type(CompletionType::List)
        .auto_add_history(false)
        .build();
    let mut editor = Editor::with_config(config).ok()?;
    editor.set_helper(Some(Names::default()));
    Some(editor)
}

fn reading(mut editor: Option<Edited>, asked: &blocking::Receiver<Ask>, tell: &mpsc::Sender<Heard>) {
    while let Ok(ask) = asked.recv() {
        let heard = match &mut editor {
            Some(editor) if !ask.secret => edit(editor, ask),
            _ => cooked(ask.secret),
        };
        if tell.blocking_send(heard).is_err() {
            return;
        }
    }
}

fn edit(editor: &mut Edited, ask: Ask) -> Heard {
    if let Some(names) = editor.helper_mut() {
        names.0 = ask.names;
    }
    match editor.readline(&ask.prompt) {
        Ok(line) => {
            let _ = editor.add_history_entry(line.as_str());
            Heard::Line(Zeroizing::new(line))
        }
        Err(ReadlineError::Interrupted) => Heard::Interrupt,
        Err(_) => Heard::End,
    }
}

/// A line as the system gives it; unseen if it is a secret.
fn cooked(secret: bool) -> Heard {
    let shown = if secret { unseen() } else { None };
    let mut bytes = Zeroizing::new(Vec::new());
    let mut stdin = std::io::stdin().lock();
    let read = (&mut stdin).take(LINE_BYTES).read_until(b'\n', &mut bytes);
    let whole = bytes.ends_with(b"\n");
    let long = !whole && bytes.len() as u64 >= LINE_BYTES;
    if long {
        skip_line(&mut stdin);
    }
    if let Some(shown) = shown {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &shown);
    }
    match read {
        Err(_) | Ok(0) => Heard::End,
        Ok(_) if long => Heard::TooLong,
        Ok(_) => {
            let line = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
            Heard::Line(Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_owned()))
        }
    }
}

fn skip_line(stdin: &mut impl BufRead) {
    loop {
        let (used, done) = match stdin.fill_buf() {
            Ok([]) | Err(_) => return,
            Ok(some) => match some.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (some.len(), false),
            },
        };
        stdin.consume(used);
        if done {
            return;
        }
    }
}

/// Has the terminal not show what is typed; gives back how it was.
fn unseen() -> Option<Termios> {
    let before = tcgetattr(std::io::stdin()).ok()?;
    let mut now = before.clone();
    now.local_modes.remove(LocalModes::ECHO);
    tcsetattr(std::io::stdin(), OptionalActions::Now, &now).ok()?;
    Some(before)
}

fn to_stdout(text: String) -> bool {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_ok()
}

/// Writes until nobody reads. `prompts`: what is told while a prompt stands there begins a new line, and the prompt
/// is written again below it.
fn writing(mut outgoing: mpsc::Receiver<Out>, mut write: impl FnMut(String) -> bool, prompts: bool) {
    let mut prompt: Option<String> = None;
    while let Some(out) = outgoing.blocking_recv() {
        let text = match out {
            Out::Lines(lines) if lines.is_empty() => continue,
            Out::Lines(lines) => {
                let told = format!("{}\n", lines.join("\n"));
                match &prompt {
                    Some(prompt) => format!("\n{told}{prompt}"),
                    None => told,
                }
            }
            Out::Prompt(text) => {
                if prompts {
                    prompt = Some(text.clone());
                }
                text
            }
            Out::Typed(hidden) => {
                prompt = None;
                if !hidden {
                    continue;
                }
                "\n".to_owned()
            }
        };
        if !write(text) {
            return;
        }
    }
}

/// Completes the word at the caret.
#[derive(Default)]
struct Names(Vec<String>);

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..pos).unwrap_or("");
        let from = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = before.get(from..).unwrap_or("").to_lowercase();
        let sign = word.starts_with(['@', '#']) || (word.starts_with('/') && from == 0);
        let fits = |name: &&String| sign && name.to_lowercase().starts_with(&word);
        Ok((from, self.0.iter().filter(fits).map(|name| format!("{name} ")).collect()))
    }
}

impl Hinter for Names {
    type Hint = String;
}
impl Highlighter for Names {}
impl Validator for Names {}
impl Helper for Names {}

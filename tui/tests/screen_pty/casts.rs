//! The recordings of the documentation (docs/user/casts, asciicast v2): made here from the demo, and compared with what
//! the program draws now. `scripts/casts` writes them anew.

use super::kit::{Pty, cells, starling};
use super::stage::{Do, Stage, Taken, bytes_of, pause_ms};
use crossterm::event::KeyCode;
use serde_json::{Value, json};
use starling_tui::screen::demo::{Demo, clock};
use std::path::PathBuf;
use std::time::Duration;

/// The size of the recordings.
const SIZE: (u16, u16) = (80, 24);

/// From nothing to an answer to the first message.
const FIRST_RUN: &[Do] = &[
    Do::Until("What should people call you?"),
    Do::Look(1_500),
    Do::Type("Mara"),
    Do::Mark("name"),
    Do::Press(KeyCode::Enter),
    Do::Until("How should Starling lock your keys"),
    Do::Look(1_800),
    Do::Type("correct horse battery"),
    Do::Press(KeyCode::Enter),
    Do::Type("correct horse battery"),
    Do::Mark("lock"),
    Do::Press(KeyCode::Enter),
    Do::Until("Write these 24 words"),
    Do::Look(2_500),
    Do::Mark("words"),
    Do::Press(KeyCode::Char('l')),
    Do::Until("starling:"),
    Do::Look(2_000),
    Do::Mark("people"),
    Do::Press(KeyCode::Enter),
    Do::Until("1 request"),
    Do::Look(1_200),
    Do::Press(KeyCode::Enter),
    Do::Until("It is me, from the allotment."),
    Do::Look(1_500),
    Do::Mark("asks"),
    Do::Press(KeyCode::Enter),
    Do::Until("> Message Ilse Brandt"),
    Do::Look(800),
    Do::Type("Hello Ilse, my first message!"),
    Do::Press(KeyCode::Enter),
    Do::Until("here we are."),
    Do::Until("read "),
    Do::Look(1_500),
    Do::Mark("answered"),
];

/// People who know each other, a room, and a network that goes away for a moment.
const TALK: &[Do] = &[
    Do::Until("I am on the roof now."),
    Do::Look(900),
    Do::Type("Is it very windy up there?"),
    Do::Press(KeyCode::Enter),
    Do::Until("Got it."),
    Do::Look(1_000),
    Do::Mark("talk"),
    Do::Ctrl('k'),
    Do::Look(500),
    Do::Type("roof"),
    Do::Look(700),
    Do::Mark("go to"),
    Do::Press(KeyCode::Enter),
    Do::Until("the long ladder"),
    Do::Type("Nadia has one, I ask her."),
    Do::Press(KeyCode::Enter),
    Do::Until("offline"),
    Do::Look(2_000),
    Do::Mark("offline"),
    Do::Until("online"),
    Do::Until("Good idea"),
    Do::Look(800),
    Do::Press(KeyCode::Up),
    Do::Press(KeyCode::Up),
    Do::Press(KeyCode::Char('i')),
    Do::Look(2_000),
    Do::Mark("who has it"),
    Do::Press(KeyCode::Esc),
    Do::Press(KeyCode::Esc),
    Do::Press(KeyCode::Tab),
    Do::Until("Back!"),
    Do::Look(1_000),
    Do::Mark("end"),
];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/user/casts").join(format!("{name}.cast"))
}

/// A recording as a file.
fn cast(title: &str, taken: &[Taken]) -> String {
    let head = json!({
        "version": 2,
        "width": SIZE.0,
        "height": SIZE.1,
        "timestamp": clock::at(0).as_second(),
        "title": title,
        "env": { "TERM": "xterm-256color" },
    });
    let line = |ms: u64, kind: &str, data: &str| {
        format!("[{}.{:03}, \"{kind}\", {}]\n", ms / 1_000, ms % 1_000, Value::from(data))
    };
    let mut out = format!("{head}\n");
    for one in taken {
        out.push_str(&match one {
            Taken::Frame(ms, data) => line(*ms, "o", data),
            Taken::Mark(ms, name) => line(*ms, "m", name),
        });
    }
    out
}

/// The screens of a recording at its marks, as a terminal shows them.
fn screens(cast: &str) -> Vec<(String, String)> {
    let mut parser = vt100::Parser::new(cells(SIZE.1), cells(SIZE.0), 0);
    let mut out = Vec::new();
    for line in cast.lines().skip(1) {
        let event: Value = serde_json::from_str(line).unwrap();
        let data = event[2].as_str().unwrap();
        match event[1].as_str().unwrap() {
            "o" => parser.process(data.as_bytes()),
            _ => out.push((data.to_owned(), parser.screen().contents())),
        }
    }
    out
}

fn record(name: &str, title: &str, demo: Demo, script: &[Do]) {
    let mut stage = Stage::new(demo, SIZE);
    stage.play(script);
    let now = cast(title, &stage.taken);
    assert!(now.len() < 200_000, "{name}: {} bytes are too many for a recording", now.len());
    if std::env::var_os("STARLING_WRITE_CASTS").is_some() {
        std::fs::write(path(name), &now).unwrap();
    }
    let kept = std::fs::read_to_string(path(name)).unwrap_or_default();
    let (now, kept) = (screens(&now), screens(&kept));
    for ((mark, now), kept) in now.iter().zip(kept.iter().map(Some).chain(std::iter::repeat(None))) {
        let kept = kept.map_or("", |(_, screen)| screen);
        assert_eq!(now, kept, "{name}.cast is stale at {mark:?}: run scripts/casts");
    }
    assert_eq!(now.len(), kept.len(), "{name}.cast has other marks: run scripts/casts");
}

/// Plays a script in the program itself, at a person's speed, and compares what is on the screen in the end.
fn play_for_real(demo: &str, stage: &Stage, script: &[Do]) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = starling(&dir.path().join("p"));
    command.arg(demo);
    let mut pty = Pty::sized(command, SIZE);
    for step in script {
        match step {
            Do::Look(ms) => drop(pty.listen(Duration::from_millis(*ms))),
            Do::Type(text) => {
                for (nth, letter) in text.chars().enumerate() {
                    pty.listen(Duration::from_millis(pause_ms(nth, letter)));
                    pty.send(&letter.to_string());
                }
            }
            Do::Until(text) => pty.shows(text),
            Do::Mark(_) => {}
            key => {
                pty.listen(Duration::from_millis(400));
                pty.send(&bytes_of(*key));
            }
        }
    }
    let wanted = stage.screen();
    pty.until(&format!("the same as the recording:\n{wanted}\n"), |screen| screen.contents() == wanted);
    pty.send("\x03\x03");
    assert_eq!(pty.ended(), 0);
    assert!(!dir.path().join("p").exists(), "the demo touches no file");
}

#[test]
fn the_recording_of_the_first_run_is_what_the_program_draws() {
    record("first-run", "Starling: from nothing to the first message", Demo::New, FIRST_RUN);
}

#[test]
fn the_recording_of_a_talk_is_what_the_program_draws() {
    record("talk", "Starling: a talk, a room, and a network that goes away", Demo::Talk, TALK);
}

#[test]
fn the_demo_plays_a_first_run_at_a_persons_speed() {
    let mut stage = Stage::new(Demo::New, SIZE);
    stage.play(FIRST_RUN);
    play_for_real("--demo=new", &stage, FIRST_RUN);
}

#[test]
fn the_same_keys_give_the_same_recording() {
    let bytes = || {
        let mut stage = Stage::new(Demo::Talk, SIZE);
        stage.play(TALK);
        cast("", &stage.taken)
    };
    assert_eq!(bytes(), bytes());
}

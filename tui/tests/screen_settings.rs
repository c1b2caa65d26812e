//! What a person sets: settings, keys, themes, and the mouse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod screen_scene;

use crossterm::event::{Event, KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::style::Color;
use screen_scene::*;
use starling_tui::screen::keymap::{Action, Row};
use starling_tui::screen::model::hits::Spot;
use starling_tui::screen::model::overlay::Overlay;
use starling_tui::screen::model::{Model, Notice};
use starling_tui::screen::msg::{Effect, Msg, SettingNews, SettingWish};
use starling_tui::screen::settings::load::{Loaded, load, stamp};
use starling_tui::screen::settings::{Preset, Settings};
use starling_tui::screen::theme::palette::Palette;
use starling_tui::screen::view;
use std::fs;

const SIZE: (u16, u16) = (80, 24);

fn run(scene: &mut Scene, command: &str) -> Vec<Effect> {
    scene.type_text(command);
    scene.press(KeyCode::Enter)
}

/// What was wished of the files.
fn written(effects: &[Effect]) -> Vec<(String, String)> {
    let wish = |effect: &Effect| match effect {
        Effect::Setting(SettingWish::Set { key, text, .. }) => Some((key.clone(), text.clone())),
        _ => None,
    };
    effects.iter().filter_map(wish).collect()
}

fn pair(key: &str, text: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), text.to_owned())]
}

fn loaded(settings: Settings) -> Loaded {
    Loaded { settings: Ok(settings), keys: Ok(Vec::new()), keys_file: "keys.toml".into(), themes: Vec::new() }
}

fn news(scene: &mut Scene, loaded: Loaded) {
    scene.msg(Msg::Settings(SettingNews { loaded: Box::new(loaded), say: None }));
}

fn notice(scene: &Scene) -> String {
    match &scene.model.notice {
        Some(Notice::Said(words)) => words.clone(),
        Some(Notice::Trouble(trouble)) => trouble.to_string(),
        None => String::new(),
    }
}

fn row(keys: &str, action: &str, line: usize) -> Row {
    Row { keys: keys.to_owned(), action: action.to_owned(), line }
}

#[test]
fn set_changes_shows_and_refuses_in_words() {
    let mut scene = Scene::talk(SIZE);
    assert_eq!(written(&run(&mut scene, "/set markdown off")), pair("screen.markdown", "off"));
    assert!(!scene.model.settings.markdown);
    run(&mut scene, "/set markdown");
    assert_eq!(notice(&scene), "markdown is false. It takes true or false.");
    for (command, says) in [
        ("/set markdown maybe", "markdown must be true or false"),
        ("/set colour red", "There is no setting \"colour\""),
        ("/set lan perhaps", "lan must be true or false"),
        ("/mouse sometimes", "/mouse is on or off"),
        ("/theme pink", "There is no theme \"pink\""),
    ] {
        assert_eq!(written(&run(&mut scene, command)), []);
        assert!(notice(&scene).contains(says), "{command}: {}", notice(&scene));
        assert_eq!(scene.model.editor.text(), command, "the text stays");
        scene.ctrl('c');
    }
    // A setting of the node goes the same way.
    assert_eq!(written(&run(&mut scene, "/set lan false")), pair("lan", "false"));
    let effects = run(&mut scene, "/reload");
    assert!(matches!(
        effects.as_slice(),
        [.., Effect::Setting(SettingWish::Reload)] | [Effect::Setting(SettingWish::Reload), ..]
    ));
}

#[test]
fn hints_mouse_and_copying_change_the_screen_at_once() {
    let mut scene = Scene::talk(SIZE);
    assert!(scene.screen().contains("F1 help"));
    run(&mut scene, "/hints off");
    assert!(!scene.screen().contains("F1 help"));
    assert!(scene.model.wants_mouse());
    run(&mut scene, "/mouse off");
    assert!(!scene.model.wants_mouse());
    run(&mut scene, "/mouse on");
    scene.press(KeyCode::F(9));
    let bare = scene.screen();
    assert!(
        !bare.contains("Chats") && scene.model.geometry().pane == 80 && !scene.model.wants_mouse(),
        "{bare}"
    );
    assert!(bare.contains("Trying now"), "{bare}");
    run(&mut scene, "/clean");
    assert!(scene.screen().contains("Chats"));
}

#[test]
fn a_theme_is_seen_while_it_is_chosen_and_kept_by_enter() {
    let mut scene = Scene::talk(SIZE);
    scene.model.terminal.depth = starling_tui::screen::theme::Depth::True;
    let before = scene.model.theme;
    run(&mut scene, "/theme");
    assert!(scene.screen().contains("auto") && scene.screen().contains("mono"));
    scene.press(KeyCode::Down);
    scene.press(KeyCode::Down);
    assert_eq!(scene.model.theme.styles.own.fg, Palette::DARK.own);
    scene.press(KeyCode::Esc);
    assert_eq!(scene.model.theme, before);
    run(&mut scene, "/theme");
    scene.press(KeyCode::Down);
    let effects = scene.press(KeyCode::Enter);
    assert_eq!(written(&effects), pair("screen.theme", "light"));
    assert_eq!(scene.model.theme.styles.own.fg, Palette::LIGHT.own);
    assert_eq!(written(&run(&mut scene, "/theme mono")), pair("screen.theme", "mono"));
    assert_eq!(scene.model.theme.styles.own.fg, None);
}

#[test]
fn what_the_files_say_is_taken_and_a_mistake_in_one_leaves_what_held() {
    let mut scene = Scene::talk(SIZE);
    let mut mine = Palette::default();
    mine.set("own", "magenta").unwrap();
    let settings = Settings { theme: "mine".to_owned(), preset: Preset::Emacs, ..Settings::default() };
    let themes = vec![("mine".to_owned(), Ok(mine))];
    let keys = Ok(vec![row("ctrl-g", "goto", 1)]);
    news(&mut scene, Loaded { keys, themes, ..loaded(settings) });
    assert_eq!(notice(&scene), "");
    assert_eq!(scene.model.theme.styles.own.fg, Some(Color::Magenta));
    scene.ctrl('g');
    assert!(matches!(scene.model.overlay, Some(Overlay::GoTo(_))));
    scene.press(KeyCode::Esc);
    // Each part has a mistake now.
    let told = "config.toml, line 2, column 9: theme must be short".to_owned();
    let bad = Loaded {
        settings: Err(told.clone()),
        keys: Ok(vec![row("ctrl-g", "help", 1), row("ctrl-t", "fly", 2)]),
        themes: vec![("mine".to_owned(), Err("mine.toml, line 1, column 1: no".to_owned()))],
        ..loaded(Settings::default())
    };
    news(&mut scene, bad);
    assert!(notice(&scene).contains(&told), "{}", notice(&scene));
    assert_eq!(scene.model.settings.theme, "mine");
    assert_eq!(scene.model.theme.styles.own.fg, Some(Color::Magenta));
    scene.ctrl('g');
    assert!(matches!(scene.model.overlay, Some(Overlay::GoTo(_))), "the old keys stay");
    scene.press(KeyCode::Esc);
    let keys = Ok(vec![row("ctrl-t", "fly", 2)]);
    news(&mut scene, Loaded { keys, ..loaded(Settings::default()) });
    assert!(notice(&scene).contains("keys.toml, line 2: there is no action \"fly\""), "{}", notice(&scene));
    // A theme that is gone.
    news(&mut scene, loaded(Settings { theme: "mine".to_owned(), ..Settings::default() }));
    assert!(notice(&scene).contains("There is no theme \"mine\""));
}

#[test]
fn files_of_a_profile_are_read_with_their_mistakes() {
    let dir = tempfile::tempdir().unwrap();
    let first = stamp(dir.path());
    let nothing = load(dir.path());
    assert_eq!(nothing.settings, Ok(Settings::default()));
    assert_eq!((nothing.keys, nothing.themes.len()), (Ok(Vec::new()), 0));
    fs::write(dir.path().join("config.toml"), "[screen]\nhints = false\n").unwrap();
    fs::write(dir.path().join("keys.toml"), "# mine\n\"ctrl-g\" = \"goto\"\n").unwrap();
    fs::create_dir(dir.path().join("themes")).unwrap();
    fs::write(dir.path().join("themes/sea.toml"), "own = '#0088ff'\n").unwrap();
    fs::write(dir.path().join("themes/bad.toml"), "\nown = 'sky'\n").unwrap();
    fs::write(dir.path().join("themes/not a name.toml"), "own = 'red'\n").unwrap();
    assert_ne!(stamp(dir.path()), first);
    let read = load(dir.path());
    assert!(!read.settings.unwrap().hints);
    assert_eq!(read.keys.unwrap(), [row("ctrl-g", "goto", 2)]);
    let names: Vec<&str> = read.themes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["bad", "sea"]);
    assert!(read.themes[0].1.as_ref().unwrap_err().contains("bad.toml, line 2, column 1: a colour is"));
    assert!(read.themes[1].1.is_ok());
    fs::write(dir.path().join("keys.toml"), "\"ctrl-g\" = 3\n").unwrap();
    assert!(load(dir.path()).keys.unwrap_err().contains("keys.toml, line 1, column 1:"));
}

#[test]
fn help_and_the_key_line_show_the_present_keys() {
    let mut scene = Scene::talk((120, 36));
    let keys = Ok(vec![row("ctrl-g", "goto", 1), row("ctrl-k", "none", 2), row("ctrl-p", "none", 3)]);
    news(&mut scene, Loaded { keys, ..loaded(Settings::default()) });
    let screen = scene.screen();
    assert!(screen.contains("Ctrl-G go to") && !screen.contains("Ctrl-K"), "{screen}");
    assert!(!screen.contains("commands   "), "{screen}");
    run(&mut scene, "/keys go to");
    let screen = scene.screen();
    assert!(screen.contains("Ctrl-G") && screen.contains("go to a chat, a person or a command"), "{screen}");
    assert!(!screen.contains("/go"), "{screen}");
}

#[test]
fn several_keys_make_one_action_and_nothing_is_typed() {
    let mut scene = Scene::talk(SIZE);
    news(&mut scene, loaded(Settings { preset: Preset::Emacs, ..Settings::default() }));
    scene.ctrl('x');
    assert!(notice(&scene).starts_with("Ctrl-X"));
    scene.press(KeyCode::Char('b'));
    assert!(matches!(scene.model.overlay, Some(Overlay::GoTo(_))));
    scene.press(KeyCode::Esc);
    scene.ctrl('x');
    scene.press(KeyCode::Char('y'));
    assert_eq!(notice(&scene), "Ctrl-X y means nothing here.");
    assert!(scene.model.editor.is_empty());
    scene.type_text("one two");
    scene.ctrl('a');
    scene.ctrl('k');
    assert!(scene.model.editor.is_empty());
    scene.ctrl('x');
    scene.ctrl('c');
    assert!(
        scene.effects.iter().any(|effect| matches!(effect, Effect::Quit { .. }))
            || matches!(scene.model.overlay, Some(Overlay::Leave))
    );
}

#[test]
fn vim_has_modes_only_where_it_was_chosen() {
    let mut scene = Scene::talk(SIZE);
    scene.type_text("hello");
    scene.press(KeyCode::Esc);
    scene.type_text("x");
    assert_eq!(scene.model.editor.text(), "hellox");
    news(&mut scene, loaded(Settings { preset: Preset::Vim, ..Settings::default() }));
    scene.press(KeyCode::Esc);
    assert!(scene.model.normal);
    scene.type_text("0x");
    assert_eq!(scene.model.editor.text(), "ellox");
    scene.type_text("zq");
    assert_eq!(scene.model.editor.text(), "ellox", "letters are not text");
    scene.type_text("A!");
    assert_eq!(scene.model.editor.text(), "ellox!");
    assert!(!scene.model.normal);
    scene.press(KeyCode::Esc);
    scene.type_text("dd");
    assert!(scene.model.editor.is_empty());
    let before = scene.model.open.clone();
    scene.type_text("1gt");
    assert_ne!(scene.model.open, before);
    scene.type_text(" ");
    assert!(matches!(scene.model.overlay, Some(Overlay::GoTo(_))));
    scene.press(KeyCode::Esc);
    assert!(scene.screen().contains("i type"));
    // Another preset has no modes.
    news(&mut scene, loaded(Settings::default()));
    assert!(!scene.model.normal);
}

#[test]
fn redraw_and_suspend_go_through_the_table() {
    let mut scene = Scene::talk(SIZE);
    let keys = Ok(vec![row("alt-r", "redraw", 1), row("ctrl-l", "none", 2), row("ctrl-z", "none", 3)]);
    news(&mut scene, Loaded { keys, ..loaded(Settings::default()) });
    assert!(scene.ctrl('l').is_empty() && scene.ctrl('z').is_empty());
    let effects = scene.key(KeyCode::Char('r'), KeyModifiers::ALT);
    assert!(matches!(effects.as_slice(), [Effect::Redraw, ..]));
}

#[test]
fn files_are_looked_at_when_the_window_is_and_on_a_signal() {
    let mut scene = Scene::talk(SIZE);
    scene.msg(Msg::Term(Event::FocusLost));
    let effects = scene.msg(Msg::Term(Event::FocusGained));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Setting(SettingWish::Look))));
    scene.msg(Msg::Term(Event::FocusLost));
    let effects = scene.msg(Msg::Reload);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Setting(SettingWish::Reload))));
    assert!(!scene.model.focus);
}

fn mouse(kind: MouseEventKind, x: u16, y: u16) -> MouseEvent {
    MouseEvent { kind, column: x, row: y, modifiers: KeyModifiers::NONE }
}

/// A press, as the loop tells it.
fn press(scene: &mut Scene, x: u16, y: u16) -> Vec<Effect> {
    let mouse = mouse(MouseEventKind::Down(MouseButton::Left), x, y);
    match view::entry_at(&scene.model, x, y) {
        Some(entry) => scene.msg(Msg::Pressed { mouse, entry }),
        None => scene.msg(Msg::Term(Event::Mouse(mouse))),
    }
}

/// The first cell of a text on the screen.
fn place(scene: &Scene, text: &str) -> (u16, u16) {
    let screen = scene.screen();
    let (y, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect(text);
    let x = line.find(text).map(|at| line.get(..at).unwrap().chars().count()).unwrap();
    (x as u16, y as u16)
}

#[test]
fn clicks_open_chats_choose_messages_and_entries() {
    let mut scene = Scene::talk(SIZE);
    let other =
        scene.model.chats.iter().find(|chat| Some(&chat.chat) != scene.model.open.as_ref()).unwrap().clone();
    let spot = (0..24).find(|y| scene.model.spot(3, *y) == Spot::Chat(other.chat.clone())).unwrap();
    press(&mut scene, 3, spot);
    assert_eq!(scene.model.open.as_ref(), Some(&other.chat));
    let mut scene = Scene::talk(SIZE);
    let (x, y) = place(&scene, "It arrived in one go");
    press(&mut scene, x, y);
    let chosen = scene.model.log().unwrap().chosen.clone().expect("a message");
    assert!(scene.model.log().unwrap().get(&chosen).unwrap().message.text.contains("It arrived in one go"));
    // The editor takes it back.
    press(&mut scene, x, 22);
    assert_eq!(scene.model.log().unwrap().chosen, None);
    // Ctrl-K: the entry that is pressed is gone to.
    scene.ctrl('k');
    let second = match &scene.model.overlay {
        // As the box writes it; the name alone also stands in the list.
        Some(Overlay::GoTo(goto)) => format!("{:<24} {}", goto.hits[1].name, goto.hits[1].kind),
        other => panic!("{other:?}"),
    };
    let (x, y) = place(&scene, &second);
    press(&mut scene, x, y);
    assert!(!matches!(scene.model.overlay, Some(Overlay::GoTo(_))));
    // A theme is only shown.
    run(&mut scene, "/theme");
    let (x, y) = place(&scene, "mono");
    press(&mut scene, x, y);
    assert!(matches!(&scene.model.overlay, Some(Overlay::Themes(shown)) if shown.at == 3));
    assert_eq!(scene.model.theme.styles.own.fg, None);
    // Beside the list nothing happens.
    press(&mut scene, 0, 0);
    assert!(matches!(scene.model.overlay, Some(Overlay::Themes(_))));
}

#[test]
fn the_edge_of_the_list_is_dragged_and_its_place_is_kept() {
    let mut scene = Scene::talk(SIZE);
    let edge = scene.model.geometry().list;
    assert_eq!(scene.model.spot(edge, 5), Spot::Edge);
    press(&mut scene, edge, 5);
    scene.msg(Msg::Term(Event::Mouse(mouse(MouseEventKind::Drag(MouseButton::Left), 30, 9))));
    assert_eq!(scene.model.geometry().list, 30);
    scene.msg(Msg::Term(Event::Mouse(mouse(MouseEventKind::Drag(MouseButton::Left), 79, 9))));
    assert!(scene.model.geometry().pane >= 27, "text keeps its least");
    scene.msg(Msg::Term(Event::Mouse(mouse(MouseEventKind::Drag(MouseButton::Left), 33, 9))));
    let effects = scene.msg(Msg::Term(Event::Mouse(mouse(MouseEventKind::Up(MouseButton::Left), 33, 9))));
    assert_eq!(written(&effects), pair("screen.list_width", "33"));
    scene.msg(Msg::Term(Event::Mouse(mouse(MouseEventKind::Drag(MouseButton::Left), 50, 9))));
    assert_eq!(scene.model.geometry().list, 33, "let go");
    // Narrow windows have no list, however wide it was made.
    scene.msg(Msg::Term(Event::Resize(50, 24)));
    assert_eq!(scene.model.geometry().list, 0);
}

/// Every spot names something that is there.
fn sound(model: &Model, x: u16, y: u16) {
    match model.spot(x, y) {
        Spot::Chat(id) => assert!(model.chat_row(&id).is_some()),
        Spot::Message(id) => assert!(model.log().unwrap().get(&id).is_some()),
        Spot::Edge => assert_eq!(x, model.geometry().list),
        Spot::Extra(_) | Spot::Card | Spot::Editor | Spot::Nothing => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn clicks_anywhere_at_any_size_are_sound(
        width in 1_u16..140,
        height in 1_u16..45,
        list_width in prop::option::of(8_u16..=60),
        clicks in prop::collection::vec((0_u16..150, 0_u16..50), 1..8),
        clean in any::<bool>(),
        command in prop::sample::select(vec!["", "/theme", "/keys", "/chats"]),
    ) {
        let mut scene = Scene::talk((width, height));
        scene.model.settings.list_width = list_width.unwrap_or(0);
        scene.model.clean = clean;
        if !command.is_empty() {
            run(&mut scene, command);
        }
        for (x, y) in clicks {
            sound(&scene.model, x, y);
            press(&mut scene, x, y);
            scene.msg(Msg::Term(Event::Mouse(mouse(MouseEventKind::Drag(MouseButton::Left), y, x))));
            scene.msg(Msg::Term(Event::Mouse(mouse(MouseEventKind::Up(MouseButton::Left), x, y))));
            scene.screen();
            let geometry = scene.model.geometry();
            prop_assert!(geometry.list == 0 || geometry.pane >= 24, "{geometry:?}");
            prop_assert!(scene.model.keys.label(Action::Leave).is_some());
        }
    }
}

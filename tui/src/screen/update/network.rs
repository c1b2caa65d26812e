//! What is heard of the network: its state, the facts of F5, what a test found; and what time brings to it.

use super::events::ok;
use super::{Out, complain};
use crate::screen::model::overlay::{NetView, Overlay, Trial};
use crate::screen::model::words::report::report;
use crate::screen::model::{Model, NETWORK_LOOK_MS, words};
use crate::screen::msg::{Effect, MailWish, Msg, SettingWish};
use crossterm::event::{KeyCode, KeyEvent};
use starling_node::api::types::{Net, Network, Status, Test, V};

/// Lines F5 scrolls over at most; more than there ever are.
const NET_LINES: usize = 500;

/// Opens F5.
pub fn open(model: &mut Model, out: &mut Out) {
    out.extend([Effect::Net, Effect::Status, Effect::People, Effect::Mail(MailWish::List)]);
    let look_ms = model.now_ms + NETWORK_LOOK_MS;
    model.overlay = Some(Overlay::Network(NetView { look_ms, ..NetView::default() }));
}

/// `/net` and `/net test`. True if the editor is to be emptied.
pub fn command(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    match rest {
        "" => open(model, out),
        "test" => {
            open(model, out);
            if let Some(Overlay::Network(view)) = &mut model.overlay {
                view.trial = Trial::Running;
            }
            out.push(Effect::NetTest);
        }
        _ => {
            let do_ = "/net shows the network, /net test tries everything there is.";
            complain(
                model,
                "/net takes only \"test\"",
                "Nothing was done; the text is still in the editor.",
                do_,
            );
            return false;
        }
    }
    true
}

/// `/lan on`, `/lan off`. True if the editor is to be emptied.
pub fn lan(model: &mut Model, rest: &str, out: &mut Out) -> bool {
    let (text, say) = match rest {
        "on" => ("true", "People on this network are looked for."),
        "off" => ("false", "Nobody is looked for on this network, and nobody finds you there."),
        _ => {
            let do_ = "/lan on, or /lan off.";
            complain(
                model,
                "/lan is on or off",
                "Nothing was changed; the text is still in the editor.",
                do_,
            );
            return false;
        }
    };
    let (key, say) = ("lan".to_owned(), Some(say.to_owned()));
    out.push(Effect::Setting(SettingWish::Set { key, text: text.to_owned(), say }));
    true
}

/// A key in F5.
pub fn on_key(model: &mut Model, mut view: NetView, key: KeyEvent, out: &mut Out) {
    view.copied = None;
    match key.code {
        KeyCode::Enter | KeyCode::F(5) => return,
        KeyCode::Char('w') => out.extend([Effect::Wake, Effect::Net, Effect::People]),
        KeyCode::Char('r') => {
            (view.trial, view.map, view.top) = (Trial::None, false, 0);
            out.extend([Effect::Net, Effect::Status, Effect::People]);
        }
        KeyCode::Char('m') if view.trial != Trial::Running => {
            (view.trial, view.map, view.top) = (Trial::None, !view.map, 0);
        }
        KeyCode::Char('l') => return super::outside::open_log(model, "", out),
        KeyCode::Char('t') if view.trial != Trial::Running => {
            (view.trial, view.map, view.top) = (Trial::Running, false, 0);
            out.push(Effect::NetTest);
        }
        KeyCode::Char('c') => {
            if let Some(net) = &view.net {
                let found: &[Test] = if let Trial::Done(found) = &view.trial { found } else { &[] };
                out.push(Effect::Copy { text: report(net, found) });
            }
        }
        KeyCode::Up => view.top = view.top.saturating_sub(1),
        KeyCode::Down => view.top = (view.top + 1).min(NET_LINES),
        KeyCode::PageUp => view.top = view.top.saturating_sub(10),
        KeyCode::PageDown => view.top = (view.top + 10).min(NET_LINES),
        _ => {}
    }
    model.overlay = Some(Overlay::Network(view));
}

/// Takes in an answer about it.
pub fn on_answer(model: &mut Model, msg: Msg) {
    match msg {
        Msg::Status(result) => {
            if let Some(status) = ok(model, result) {
                on_status(model, &status);
            }
        }
        Msg::Net(result) => {
            if let Some(net) = ok(model, result) {
                on_net(model, net);
            }
        }
        Msg::NetTest(result) => {
            let found = ok(model, result);
            if let Some(Overlay::Network(view)) = &mut model.overlay {
                view.trial = found.map_or(Trial::None, Trial::Done);
            }
        }
        _ => {}
    }
}

fn on_status(model: &mut Model, status: &Status) {
    let network = Network {
        v: V,
        cursor: status.cursor.clone(),
        state: status.network.clone(),
        direct: status.peers.direct,
        relayed: status.peers.relayed,
        lan: status.peers.lan,
        waiting: status.outbox.queued.saturating_add(status.outbox.mailbox),
        next_try_ms: None,
        invisible: status.invisible,
    };
    on_state(model, network);
    if let Some(words) = &status.trouble {
        complain(model, words, "", "");
    }
}

fn on_net(model: &mut Model, net: Box<Net>) {
    if let Some(left) = net.next_try_ms {
        model.network_next_ms = Some(model.now_ms + left);
    }
    let now_ms = model.now_ms;
    if let Some(Overlay::Network(view)) = &mut model.overlay {
        view.flow.take(now_ms, net.down_bytes, net.up_bytes);
        view.net = Some(net);
    }
}

/// Takes in the state of the network.
pub fn on_state(model: &mut Model, network: Network) {
    let known = model.network.as_ref();
    if known.is_none_or(|known| (&known.state, known.invisible) != (&network.state, network.invisible)) {
        model.network_since_ms = model.now_ms;
    }
    if model.network_told.is_none() && network.state != "starting" {
        model.network_told = Some(network.state.clone());
    }
    if let Some(left) = network.next_try_ms {
        model.network_next_ms = Some(model.now_ms + left);
    }
    model.network = Some(network);
}

/// What time brings to the network: a chat's line about another state, the next look of F5, a minute more.
pub fn tick(model: &mut Model, out: &mut Out) {
    let now = model.now_ms;
    if model.network_telling_ms().is_some_and(|at| at <= now) {
        let line = model.network.as_ref().filter(|network| !network.invisible);
        let line = line.and_then(|network| words::changed(model, network));
        let key = model.network_key().to_owned();
        // Back from being invisible is the person's own doing.
        let by_hand = model.network_told.replace(key).as_deref() == Some("invisible");
        if let (Some(line), Some(log), false) = (line, model.log_mut(), by_hand) {
            log.say(line);
        }
        model.dirty = true;
    }
    if let Some(Overlay::Network(view)) = &mut model.overlay
        && view.look_ms <= now
    {
        view.look_ms = now + NETWORK_LOOK_MS;
        out.push(Effect::Net);
    }
    model.dirty |= matches!(model.network_key(), "offline" | "lan");
}

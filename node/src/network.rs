//! The state of the network in one word, for people: what the network knows of its situation and how many contacts
//! are reached come together here. Pure; it asks nobody and keeps nothing (docs/user/screen.md, "The network").

use crate::net::facts::{NetFacts, Reach};
use std::time::Duration;

/// How long after the start nothing yet means nothing. Shorter calls a node offline that is about to find somebody;
/// longer leaves a person without an answer.
pub const STARTING: Duration = Duration::from_secs(10);

/// What the engine counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Contacts with a direct link over the internet.
    pub direct: u32,
    /// Contacts by relay.
    pub relayed: u32,
    /// Contacts on the local network.
    pub lan: u32,
    /// Own messages waiting for a signature.
    pub waiting: u64,
    /// Whether the person is invisible: nobody is dialled or answered.
    pub invisible: bool,
}

/// The state of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Just started, and nothing is known yet.
    Starting,
    /// On the internet.
    Direct,
    /// All traffic goes by relay, or would.
    Relayed,
    /// A network, but no way out of it.
    Lan,
    /// No network.
    Offline,
}

impl State {
    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Direct => "direct",
            Self::Relayed => "relayed",
            Self::Lan => "lan",
            Self::Offline => "offline",
        }
    }
}

/// The state, `uptime` after the start. Links that stand say more than what the network believes of itself.
pub fn state(facts: &NetFacts, figures: &Figures, uptime: Duration) -> State {
    if figures.direct > 0 {
        return State::Direct;
    }
    if figures.relayed > 0 {
        // A relay that is reached beside people of the LAN is a way out.
        return if figures.lan > 0 { State::Direct } else { State::Relayed };
    }
    let way_out = facts.route && !only_loopback(&facts.listen);
    if figures.lan > 0 {
        return if way_out { State::Direct } else { State::Lan };
    }
    let relay = facts.relays.iter().any(|relay| relay.reserved);
    let known = way_out && (relay || facts.reach == Reach::Public || facts.neighbours > 0);
    if !known && uptime < STARTING {
        return State::Starting;
    }
    match (facts.network, way_out, facts.reach) {
        (false, ..) => State::Offline,
        (true, false, _) => State::Lan,
        (true, true, Reach::Private) if relay => State::Relayed,
        (true, true, _) => State::Direct,
    }
}

/// Whether a node listens on nothing but the machine itself.
pub(crate) fn only_loopback(listen: &[String]) -> bool {
    !listen.is_empty()
        && listen.iter().all(|addr| addr.starts_with("/ip4/127.") || addr.starts_with("/ip6/::1/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::facts::RelayFact;

    const LATER: Duration = Duration::from_secs(60);

    fn home() -> NetFacts {
        NetFacts {
            listen: vec!["/ip4/192.168.1.4/tcp/4001".to_owned()],
            network: true,
            route: true,
            ..NetFacts::default()
        }
    }

    fn nobody() -> Figures {
        Figures::default()
    }

    fn relay(reserved: bool) -> Vec<RelayFact> {
        vec![RelayFact { addr: "/ip4/192.0.2.1/tcp/1".to_owned(), reserved, since: None }]
    }

    #[test]
    fn the_first_seconds_are_starting_unless_something_is_known() {
        let young = STARTING.saturating_sub(Duration::from_millis(1));
        assert_eq!(state(&NetFacts::default(), &nobody(), young), State::Starting);
        assert_eq!(state(&home(), &nobody(), young), State::Starting);
        assert_eq!(state(&home(), &nobody(), STARTING), State::Direct);
        let found = NetFacts { neighbours: 1, ..home() };
        assert_eq!(state(&found, &nobody(), Duration::ZERO), State::Direct);
        let held = NetFacts { reach: Reach::Private, relays: relay(true), ..home() };
        assert_eq!(state(&held, &nobody(), Duration::ZERO), State::Relayed);
        let linked = Figures { lan: 1, ..nobody() };
        assert_eq!(state(&NetFacts::default(), &linked, Duration::ZERO), State::Lan);
    }

    #[test]
    fn without_a_network_it_is_offline_and_without_a_route_only_the_lan() {
        assert_eq!(state(&NetFacts::default(), &nobody(), LATER), State::Offline);
        let island = NetFacts { route: false, ..home() };
        assert_eq!(state(&island, &nobody(), LATER), State::Lan);
        assert_eq!(state(&island, &Figures { lan: 3, ..nobody() }, LATER), State::Lan);
        let inside = NetFacts { listen: vec!["/ip4/127.0.0.1/tcp/1".to_owned()], ..home() };
        assert_eq!(state(&inside, &nobody(), LATER), State::Lan);
        assert_eq!(state(&inside, &Figures { lan: 1, ..nobody() }, LATER), State::Lan);
    }

    #[test]
    fn a_live_link_says_more_than_what_the_network_believes() {
        assert_eq!(state(&NetFacts::default(), &Figures { direct: 1, ..nobody() }, LATER), State::Direct);
        assert_eq!(state(&home(), &Figures { relayed: 2, ..nobody() }, LATER), State::Relayed);
        assert_eq!(state(&home(), &Figures { relayed: 2, direct: 1, ..nobody() }, LATER), State::Direct);
        assert_eq!(state(&home(), &Figures { relayed: 2, lan: 1, ..nobody() }, LATER), State::Direct);
        assert_eq!(state(&home(), &Figures { lan: 1, ..nobody() }, LATER), State::Direct);
    }

    #[test]
    fn who_cannot_be_reached_is_relayed_only_with_a_place_at_a_relay() {
        let held = NetFacts { reach: Reach::Private, relays: relay(true), ..home() };
        assert_eq!(state(&held, &nobody(), LATER), State::Relayed);
        assert_eq!(
            state(&NetFacts { relays: relay(false), ..held.clone() }, &nobody(), LATER),
            State::Direct
        );
        assert_eq!(state(&NetFacts { reach: Reach::Public, ..held }, &nobody(), LATER), State::Direct);
    }
}

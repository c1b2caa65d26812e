//! Which of several links is used, and roads that come and go under them: a direct connection beside a relayed one, and
//! none at all while the person is invisible (docs/spec/03-live.md, "Life of a link"; docs/spec/07-discovery.md, "Invisible").

use super::links::{LinkState, Purpose};
use super::net::{ConnId, LinkId, LinkProtocol, NetCommand, Via};
use super::{Engine, Timer};
use crate::ids::DeviceId;
use crate::time::{MINUTE_MS, SECOND_MS};
use std::collections::BTreeSet;

/// How long the device with the larger id leaves it to the other to use a better connection, in milliseconds. Shorter
/// makes two links where one is enough; longer stays on the relay when the other side does not see the connection.
const OTHERS_TURN_MS: u64 = 2 * SECOND_MS;

impl Engine {
    /// The best live link to a device: no relay if there is another, and of those the newest.
    pub(super) fn live_link(&self, device: DeviceId) -> Option<LinkId> {
        self.links
            .iter()
            .filter(|(_, link)| link.device == Some(device) && matches!(link.state, LinkState::Up(_)))
            .map(|(id, link)| {
                (self.conns.get(&link.conn).map_or(Via::Direct, |conn| conn.via) != Via::Relay, link.up, *id)
            })
            .max()
            .map(|(_, _, id)| id)
    }

    pub(super) fn renew_link(&mut self, link: LinkId) {
        let Some(entry) = self.links.get(&link) else { return };
        if let (LinkState::Up(_), Some(device), conn) = (&entry.state, entry.device, entry.conn) {
            // When the handshake fails, or the other side does not end this link, there is another attempt.
            self.timers.set(Timer::Renew(link), self.now.mono_ms.saturating_add(MINUTE_MS));
            let under_way = self.links.values().any(|other| {
                other.purpose == Purpose::Live(device) && !matches!(other.state, LinkState::Up(_))
            });
            if !under_way {
                self.open_link(conn, LinkProtocol::Live, Purpose::Live(device));
            }
        }
    }

    /// Devices whose best live link goes over a relay to the very peer a connection leads to.
    fn relayed_beside(&self, conn: ConnId) -> Vec<DeviceId> {
        let Some(new) = self.conns.get(&conn).filter(|new| new.via != Via::Relay) else { return Vec::new() };
        let beside = |link: LinkId| {
            let road = self.links.get(&link).and_then(|link| self.conns.get(&link.conn));
            road.is_some_and(|road| road.via == Via::Relay && road.peer == new.peer)
        };
        let devices = self.live_links().into_iter().filter_map(|link| self.links.get(&link)?.device);
        devices.filter(|device| self.live_link(*device).is_some_and(beside)).collect()
    }

    /// A connection came up: if it is a better road to somebody, one side moves there at once and the other if
    /// nothing comes.
    pub(super) fn see_better_road(&mut self, conn: ConnId) {
        let devices = self.relayed_beside(conn);
        if devices.iter().any(|device| self.own.device_id < *device) {
            self.take_better_road(conn);
        } else if !devices.is_empty() {
            self.timers.set(Timer::Better(conn), self.now.mono_ms.saturating_add(OTHERS_TURN_MS));
        }
    }

    pub(super) fn take_better_road(&mut self, conn: ConnId) {
        for device in self.relayed_beside(conn) {
            let begun = self.links.values().any(|link| link.conn == conn && link.device == Some(device));
            if !begun {
                self.open_link(conn, LinkProtocol::Live, Purpose::Live(device));
            }
        }
    }

    /// A live link is up: its connection is worth keeping, nobody needs to be looked for, and a better one may be there.
    pub(super) fn hold_road(&mut self, link: LinkId, device: DeviceId) {
        let Some(conn) = self.links.get(&link).map(|link| link.conn) else { return };
        self.net(NetCommand::Hold { conn });
        if let Some(account) = self.peers.get(&device).map(super::Peer::account) {
            self.end_search(account);
            self.asker_met(account);
            self.friend_here(account);
        }
        let Some(road) = self.conns.get(&conn) else { return };
        let relayed = road.via == Via::Relay;
        let same = self.conns.iter().filter(|(id, other)| **id != conn && other.peer == road.peer);
        let others: Vec<(ConnId, Via)> = same.map(|(id, other)| (*id, other.via)).collect();
        for (other, via) in others {
            if relayed && via != Via::Relay {
                self.see_better_road(other);
            } else {
                self.drop_unused(other);
            }
        }
    }

    /// A live link ended: its connection is of no use if another one carries what it did.
    pub(super) fn leave_road(&mut self, conn: ConnId, device: DeviceId) {
        if self.live_link(device).and_then(|link| self.links.get(&link)).is_some_and(|link| link.conn != conn)
        {
            self.drop_unused(conn);
        }
    }

    /// From now on nobody is called, answered or told where we are.
    pub(super) fn vanish(&mut self) {
        self.dials.clear();
        self.end_searches();
        self.end_lines();
        self.close_page();
        let links: Vec<(LinkId, ConnId)> = self.links.iter().map(|(id, link)| (*id, link.conn)).collect();
        for (link, _) in &links {
            self.close_link(*link);
        }
        for conn in links.into_iter().map(|(_, conn)| conn).collect::<BTreeSet<_>>() {
            self.net(NetCommand::CloseConn { conn });
        }
        self.sync_topics();
    }

    /// There again: everybody is tried, on the DHT and the local network too.
    pub(super) fn reappear(&mut self) {
        self.seek_all();
        self.republish(true);
        let devices: Vec<DeviceId> = self.peers.keys().copied().collect();
        for device in devices {
            self.post_soon(device);
        }
        for (peer, addrs) in self.lan.clone() {
            self.on_lan_found(peer, addrs);
        }
        self.sync_topics();
    }
}

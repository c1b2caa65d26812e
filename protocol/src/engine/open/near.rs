//! People near you (docs/spec/10-open-channels.md, "People near you"): who looks at that page is seen by all of this local
//! network who look, and can be asked by them. Nobody is told anything before the page is open, nor after.
//!
//! ```text
//!  closed ──the person looks──► open: an invite in memory ──every 5 s, and when one comes──► neighbours near
//!    ▲                            │
//!    └── 60 s without renewal, closed, or invisible: the invite is over
//! ```
//!
//! What others say is shown and nothing more. Asking somebody is [`crate::engine::Command::Add`].

use super::super::command::{ContactState, NearView, Refusal, Reply};
use super::super::net::{ConnId, LinkId};
use super::super::state::InviteRecord;
use super::super::step::{Action, Notice};
use super::super::{Engine, Timer};
use super::OpenTimer;
use crate::ids::{AccountId, InviteId};
use crate::invite::Invite;
use crate::room::open::{Near, Words};
use crate::text;
use crate::time::{MINUTE_MS, SECOND_MS, WallMs};
use crate::wire;

/// The page is over if it is not renewed in this time. Shorter closes it on a screen that stalls; longer shows somebody
/// whose screen is gone.
const OPEN_MS: u64 = MINUTE_MS;
/// Neighbours near are told this often. Less often makes people wait for each other; more says the same again.
const TELL_MS: u64 = 5 * SECOND_MS;
/// Who said nothing for this time is not shown: three times what is between two sayings.
const SEEN_MS: u64 = 3 * TELL_MS;
/// One neighbour is heard this often, and so many times at once (they may close the page and open it again).
pub(super) const HEARD: u64 = 2;
pub(super) const HEARD_MS: u64 = 3 * SECOND_MS;
/// The invite: how long it lives and how many people may use it. It is made anew while the page is open, at most once in
/// [`ANEW_MS`], so that one stranger with many accounts does not fill the list of requests at once.
const INVITE_MS: u64 = 10 * MINUTE_MS;
const USES: u32 = 5;
const ANEW_MS: u64 = MINUTE_MS;
/// With less left than this it is made anew: who is told of it must have time to use it.
const LEFT_MS: u64 = 2 * MINUTE_MS;
/// Invites of one page that may be used: the one that is told and the one before it.
const INVITES: usize = 2;

/// Our own page.
#[derive(Default)]
pub(in super::super) struct Page {
    /// When it is over, on the monotonic clock. `None` while it is closed.
    until_ms: Option<u64>,
    /// When the invite was made, on the monotonic clock.
    made_ms: u64,
    /// Invites of this page, the newest last.
    invites: Vec<InviteId>,
}

/// What a neighbour said of themselves.
pub(in super::super) struct Seen {
    view: NearView,
    since: WallMs,
    at_ms: u64,
}

impl Engine {
    // ---- our page ---------------------------------------------------------------------------------------------

    /// Opens, renews or closes the page, and says who is near.
    pub(in super::super) fn near(&mut self, on: Option<bool>) -> Result<Reply, Refusal> {
        match on {
            Some(true) if self.is_invisible() => return Err(Refusal::Invisible),
            Some(true) => {
                let opened = !self.is_page_open();
                self.open.page.until_ms = Some(self.now.mono_ms.saturating_add(OPEN_MS));
                if opened {
                    self.call_neighbours_anew();
                    self.open_timer(OpenTimer::Near, 0);
                }
            }
            Some(false) => self.close_page(),
            None => {}
        }
        let mut seen: Vec<&Seen> = self.seen_now().map(|(_, seen)| seen).collect();
        seen.sort_by_key(|seen| (seen.since, seen.view.account));
        Ok(Reply::Near(seen.into_iter().map(|seen| seen.view.clone()).collect()))
    }

    pub(super) fn is_page_open(&self) -> bool {
        self.open.page.until_ms.is_some_and(|until_ms| self.now.mono_ms < until_ms)
    }

    /// Whether somebody on a connection is to be told that we are here.
    pub(super) fn shows_itself_on(&self, conn: ConnId) -> bool {
        self.is_page_open() && !self.is_invisible() && self.is_near(conn)
    }

    /// Nobody is told any more, and what was told is worth nothing.
    pub(in super::super) fn close_page(&mut self) {
        for invite in std::mem::take(&mut self.open.page).invites {
            self.invites.remove(&invite);
        }
        self.timers.clear(&Timer::Open(OpenTimer::Near));
    }

    pub(super) fn near_due(&mut self) {
        if !self.is_page_open() {
            return self.close_page();
        }
        self.renew_page();
        let near = self.open.neighbours.by_link.iter().filter(|(_, one)| self.is_near(one.conn));
        let near: Vec<LinkId> = near.map(|(link, _)| *link).collect();
        self.say_near(&near);
        self.open_timer(OpenTimer::Near, TELL_MS);
    }

    /// Sees to it that there is an invite which who is told of it can use.
    fn renew_page(&mut self) {
        let (now_ms, lived_ms) = (self.now.mono_ms, self.lived_ms());
        let good = self.page_invite().is_some_and(|record| {
            record.is_live(lived_ms) && record.until_lived_ms.saturating_sub(lived_ms) > LEFT_MS
        });
        let page = &self.open.page;
        let early = !page.invites.is_empty() && now_ms.saturating_sub(page.made_ms) < ANEW_MS;
        if good || early {
            return;
        }
        let record = InviteRecord {
            secret: self.rng.bytes(),
            hints: Vec::new(),
            uses: USES,
            until_lived_ms: lived_ms.saturating_add(INVITE_MS),
            until_wall_ms: self.now.wall_ms.saturating_add(i64::try_from(INVITE_MS).unwrap_or(i64::MAX)),
            auto_accept: false,
            revoked: false,
            private: true,
            askers: Vec::new(),
        };
        let id = Invite { root: self.own.account, secret: record.secret, hints: Vec::new() }.id();
        self.invites.insert(id, record);
        self.open.page.made_ms = now_ms;
        self.open.page.invites.push(id);
        if self.open.page.invites.len() > INVITES {
            let old = self.open.page.invites.remove(0);
            self.invites.remove(&old);
        }
    }

    fn page_invite(&self) -> Option<&InviteRecord> {
        self.open.page.invites.last().and_then(|id| self.invites.get(id))
    }

    /// Whether an invite of ours is one of the page: in memory alone, in no list, on no DHT.
    pub(in super::super) fn is_for_who_is_near(&self, record: &InviteRecord) -> bool {
        let mut ids = self.open.page.invites.iter();
        ids.any(|id| self.invites.get(id).is_some_and(|known| known.secret == record.secret))
    }

    /// Says to neighbours near that we are here, if the page is open.
    pub(super) fn say_near(&mut self, links: &[LinkId]) {
        let lived_ms = self.lived_ms();
        let Some(secret) = self.page_invite().filter(|it| it.is_live(lived_ms)).map(|it| it.secret) else {
            return;
        };
        let (name, account) = (self.own.name.clone(), self.own.account);
        let words = Words::Near(Near { name, account, secret, ext: Vec::new() });
        for link in links {
            let conn = self.open.neighbours.by_link.get(link).map(|one| one.conn);
            if conn.is_some_and(|conn| self.shows_itself_on(conn)) {
                self.say(*link, &words);
            }
        }
    }

    // ---- others -----------------------------------------------------------------------------------------------

    /// Somebody says that they are here.
    pub(super) fn hear_near(&mut self, link: LinkId, said: Near) {
        let (now_ms, now) = (self.now.mono_ms, crate::time::clamp_wall(self.now.wall_ms));
        let Some(one) = self.open.neighbours.by_link.get_mut(&link) else { return };
        let (conn, heard) = (one.conn, one.nears.take(1, now_ms));
        let name = text::clean_name(&said.name);
        let standing = self.contacts.get(&said.account).map(|contact| contact.state);
        let shown = heard
            && self.is_near(conn)
            && wire::ext_understood(&said.ext)
            && said.account != self.own.account
            && !name.is_empty()
            && standing != Some(ContactState::Blocked);
        if !shown {
            return;
        }
        let link_text = said.invite().to_link();
        let contact = standing == Some(ContactState::Accepted);
        let view = NearView { account: said.account, name, link: link_text, contact, seen: now };
        self.actions.push(Action::Notice(Notice::Near(view.clone())));
        let Some(one) = self.open.neighbours.by_link.get_mut(&link) else { return };
        let same = one.near.as_ref().filter(|before| before.view.account == said.account);
        let since = same.map_or(now, |before| before.since);
        one.near = Some(Seen { view, since, at_ms: now_ms });
    }

    fn seen_now(&self) -> impl Iterator<Item = (ConnId, &Seen)> {
        let all = self.open.neighbours.by_link.values();
        let all = all.filter_map(|one| one.near.as_ref().map(|seen| (one.conn, seen)));
        all.filter(|(_, seen)| self.now.mono_ms.saturating_sub(seen.at_ms) < SEEN_MS)
    }

    /// On which connections somebody may be asked by an invite: where they said that they are, and others of this network.
    pub(in super::super) fn conns_to_ask_on(&self, account: AccountId) -> Vec<ConnId> {
        let said = self.seen_now().filter(|(_, seen)| seen.view.account == account);
        let mut conns: Vec<ConnId> = said.map(|(conn, _)| conn).collect();
        let others: Vec<ConnId> = self.lan_conns().into_iter().filter(|conn| !conns.contains(conn)).collect();
        conns.extend(others);
        conns
    }
}

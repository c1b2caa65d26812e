//! The figures and their text, in the form Prometheus reads (text format 0.0.4). Counts, bytes and seconds only: no
//! identities, no names, no addresses. What could not be learnt is left out; nothing is shown as 0 that is not.

use crate::driver::handle::NodeHandle;
use crate::net::facts::NetFacts;
use crate::store::StoreStats;
use starling_protocol::engine::command::{MailboxState, StatusView};
use starling_protocol::engine::{Command, Reply};
use starling_protocol::mail::server::Figures;
use starling_protocol::mail::server::limits::GRANTS_SHOWN;
use std::fmt::Write;
use std::time::Duration;

/// What a page is made of, at one moment.
pub struct Sample {
    /// What the mailbox of this node keeps for others; none if it does not answer.
    pub mailbox: Option<Figures>,
    /// The engine's summary; none if it does not answer.
    pub status: Option<StatusView>,
    /// The store's figures; none if it does not answer.
    pub store: Option<StoreStats>,
    /// The network's situation.
    pub net: NetFacts,
    /// Since the start.
    pub uptime: Duration,
}

/// Asks everybody at once.
pub async fn gather(handle: &NodeHandle) -> Sample {
    let (mailbox, status, store) =
        tokio::join!(handle.mail_figures(), handle.command(Command::Status), handle.store().stats());
    let status = match status {
        Ok(Reply::Status(status)) => Some(status),
        _ => None,
    };
    Sample {
        mailbox: mailbox.ok(),
        status,
        store: store.ok(),
        net: handle.net_facts(),
        uptime: handle.facts().started.elapsed(),
    }
}

/// The page.
pub fn text(sample: &Sample) -> String {
    let mut page = Page::default();
    page.series(
        "build_info",
        "The version that runs.",
        &[(concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1)],
    );
    page.one("uptime_seconds", "Seconds since the start.", sample.uptime.as_secs());
    page.one(
        "mailbox_up",
        "Whether the mailbox kept for others answers.",
        u64::from(sample.mailbox.is_some()),
    );
    if let Some(figures) = &sample.mailbox {
        mailbox(&mut page, figures);
    }
    if let Some(status) = &sample.status {
        own(&mut page, status);
    }
    page.one(
        "dht_nodes",
        "Nodes of the directory that are known and can be reached.",
        sample.net.neighbours.into(),
    );
    if let Some(store) = &sample.store {
        page.one("store_bytes", "Bytes of the own database on the disk.", store.bytes);
        page.one("store_messages", "Messages in the own database.", store.messages);
    }
    page.0
}

fn mailbox(page: &mut Page, figures: &Figures) {
    let grants = u64::try_from(figures.grants.len()).unwrap_or(u64::MAX);
    page.one("mailbox_boxes", "Boxes kept for others.", figures.boxes);
    page.one("mailbox_queues", "Queues in the boxes kept for others.", figures.queues);
    page.one("mailbox_envelopes", "Envelopes kept for others.", figures.envelopes);
    page.one("mailbox_bytes", "Bytes of envelopes and cards kept for others.", figures.bytes);
    page.one("mailbox_disk_limit_bytes", "Bytes that may be kept for others.", figures.disk_limit);
    page.one("mailbox_links", "Streams to the mailbox that stand.", figures.links);
    let help = format!("Grants that have boxes or were taken back, counted up to {GRANTS_SHOWN}.");
    page.one("mailbox_grants", &help, grants);
}

fn own(page: &mut Page, status: &StatusView) {
    let roads = [
        ("{road=\"direct\"}", status.direct.into()),
        ("{road=\"relayed\"}", status.relayed.into()),
        ("{road=\"lan\"}", status.lan.into()),
    ];
    page.series("links", "Links to devices of contacts, by road.", &roads);
    page.one("messages_waiting", "Own messages that some recipient has not signed for.", status.waiting);
    page.one("messages_in_mailboxes", "Of those waiting, how many a mailbox keeps.", status.in_mailboxes);
    let count = |state| status.mailboxes.iter().map(|mailbox| u64::from(mailbox.state == state)).sum();
    let states = [
        ("{state=\"ok\"}", count(MailboxState::Ok)),
        ("{state=\"silent\"}", count(MailboxState::Silent)),
        ("{state=\"full\"}", count(MailboxState::Full)),
        ("{state=\"gone\"}", count(MailboxState::Gone)),
    ];
    page.series("mailboxes", "Mailboxes that keep our mail, by how they are.", &states);
}

#[derive(Default)]
struct Page(String);

impl Page {
    /// One figure without labels.
    fn one(&mut self, name: &str, help: &str, value: u64) {
        self.series(name, help, &[("", value)]);
    }

    /// A figure with its values, each with its labels in braces. `help` must have no line end and no backslash.
    fn series(&mut self, name: &str, help: &str, values: &[(&str, u64)]) {
        let page = &mut self.0;
        // Writing to a String cannot fail.
        let _ = writeln!(page, "# HELP starling_{name} {help}\n# TYPE starling_{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(page, "starling_{name}{labels} {value}");
        }
    }
}

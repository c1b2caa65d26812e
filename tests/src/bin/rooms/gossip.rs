//! Many nodes of one room in one process, over real sockets on loopback: how soon a message is shown at all others, by
//! which road it came, and what travels for it. With a part of the gossip lost, and for those who come late.

use super::many::many;
use super::member::{Member, Road, Shared, text};
use super::{LINKS, Wanted, secs, share, times};
use anyhow::{Context as _, Result, bail};
use starling_protocol::engine::{Command, Reply, RoomState};
use starling_protocol::ids::{AccountId, ChatId, RoomId};
use starling_tests::figures::{Report, TEXT_BYTES, loopback_bytes, own_cpu};
use starling_tests::live::wait_for;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Members who speak, in turn. Each has told all others their key before.
const SPEAKERS: usize = 10;
/// People who come into the room at the end.
const LATE: usize = 3;
/// Before the clock runs, a message of every speaker must come to all within [`SETTLED`], in a row.
const SETTLED: Duration = Duration::from_secs(1);
/// When they still do not after this, the figures show what they do.
const SETTLING: Duration = Duration::from_secs(60);
/// Between two messages of the parts that do not wait.
const PACE: Duration = Duration::from_millis(100);
/// Of a thousand pieces of gossip, how many are lost in the part that loses some.
const LOST: u64 = 50;
/// For anything that must come in the end.
const PATIENCE: Duration = Duration::from_secs(120);

/// All members of a room, and what they said.
struct Room {
    room: RoomId,
    shared: Arc<Shared>,
    members: Vec<Member>,
    said: Vec<Instant>,
}

/// What counts bytes and time, at one moment.
struct Meter {
    wire: u64,
    links: u64,
    pieces: u64,
    piece_bytes: u64,
    cpu: Duration,
}

impl Meter {
    fn read(shared: &Shared) -> Result<Self> {
        Ok(Self {
            wire: loopback_bytes()?,
            links: shared.link_bytes.load(Ordering::Relaxed),
            pieces: shared.pieces.load(Ordering::Relaxed),
            piece_bytes: shared.piece_bytes.load(Ordering::Relaxed),
            cpu: own_cpu()?,
        })
    }
}

impl Room {
    /// The next speaker says something.
    async fn say(&mut self) -> Result<usize> {
        let number = self.said.len();
        let speaker = number % SPEAKERS.min(self.members.len());
        let command = Command::Send {
            chat: ChatId::from(self.room),
            text: text(number, TEXT_BYTES),
            reply_to: None,
            client_ref: None,
            require_verified: false,
        };
        self.said.push(Instant::now());
        match self.members[speaker].command(command).await? {
            Reply::Sent { .. } => Ok(number),
            other => bail!("not sent: {other:?}"),
        }
    }

    /// Who shows these messages, in pairs of message and member.
    fn there(&self, numbers: Range<usize>) -> usize {
        numbers.map(|number| self.shared.shown(number).len()).sum()
    }

    /// How many of such pairs there are when all is well.
    fn wanted(&self, numbers: &Range<usize>) -> usize {
        numbers.len() * (self.members.len() - 1)
    }

    /// Waits until these are shown at all others.
    async fn all_there(&self, numbers: Range<usize>, limit: Duration) -> Result<()> {
        let wanted = self.wanted(&numbers);
        let what = format!("{wanted} texts are shown");
        wait_for(&what, limit, || async { Ok((self.there(numbers.clone()) >= wanted).then_some(())) }).await
    }

    /// Waits until links and gossip stand.
    async fn settle(&mut self) -> Result<()> {
        wait_for("everybody has links", PATIENCE, || async {
            Ok(self.members.iter().all(|member| member.links() >= LINKS).then_some(()))
        })
        .await?;
        let (begun, mut row) = (Instant::now(), 0);
        while row < SPEAKERS && begun.elapsed() < SETTLING {
            let number = self.say().await?;
            let soon = self.all_there(number..number + 1, SETTLED).await.is_ok();
            row = if soon { row + 1 } else { 0 };
        }
        self.all_there(0..self.said.len(), PATIENCE).await
    }

    /// One message after the other, each when the one before is shown at all.
    async fn in_turn(&mut self, count: usize) -> Result<Range<usize>> {
        let first = self.said.len();
        for _ in 0..count {
            let number = self.say().await?;
            self.all_there(number..number + 1, PATIENCE).await?;
        }
        Ok(first..self.said.len())
    }

    /// One message each [`PACE`].
    async fn paced(&mut self, count: usize) -> Result<Range<usize>> {
        let first = self.said.len();
        let mut pace = tokio::time::interval(PACE);
        for _ in 0..count {
            pace.tick().await;
            self.say().await?;
        }
        self.all_there(first..self.said.len(), PATIENCE).await?;
        Ok(first..self.said.len())
    }

    /// Reports about these messages.
    fn report(
        &self,
        report: &mut Report,
        name: &str,
        words: &str,
        numbers: Range<usize>,
        before: &Meter,
    ) -> Result<()> {
        let after = Meter::read(&self.shared)?;
        let (mut all, mut fast) = (Vec::new(), 0);
        for number in numbers.clone() {
            for (_, at, road) in self.shared.shown(number) {
                all.push(at.saturating_duration_since(self.said[number]));
                fast += usize::from(road != Road::Mended);
            }
        }
        let wanted = self.wanted(&numbers);
        times(report, name, words, &mut all);
        share(report, &format!("{name}_fast"), "  by gossip and from their authors alone", fast, wanted);
        share(report, &format!("{name}_all"), "  after neighbours compared", all.len(), wanted);
        let each = |bytes: u64| bytes as f64 / wanted as f64;
        let wire = each(after.wire - before.wire).round();
        let pieces = each(after.piece_bytes - before.piece_bytes);
        let links = each(after.links - before.links);
        let seen = (after.pieces - before.pieces) as f64 / numbers.len() as f64;
        let cpu = (after.cpu - before.cpu).as_secs_f64() * 1e6 / wanted as f64;
        report.line(
            &format!("{name}_bytes"),
            wire,
            &format!(
                "  {wire:.0} B on loopback for each one shown: {links:.0} B written on links, {pieces:.0} B of gossip taken \
                 once ({seen:.1} pieces for a message); {cpu:.0} µs of processor"
            ),
        );
        report.values.insert(format!("{name}_link_bytes"), links.round().into());
        report.values.insert(format!("{name}_piece_bytes"), pieces.round().into());
        report.values.insert(format!("{name}_cpu_us"), cpu.round().into());
        Ok(())
    }

    /// Somebody comes in: how long it takes from being asked until everything that was said is shown to them.
    async fn comes(&mut self, member: Member, account: AccountId) -> Result<Duration> {
        let (room, number, until) = (self.room, self.members.len(), self.said.len());
        let begun = Instant::now();
        let first = self.members.first().context("nobody")?;
        first.command(Command::RoomInvite { room, account }).await?;
        wait_for("the invitation is there", PATIENCE, || async {
            let Reply::Rooms(rooms) = member.command(Command::RoomList).await? else { return Ok(None) };
            Ok(rooms.iter().any(|view| view.state == RoomState::Invited).then_some(()))
        })
        .await?;
        member.command(Command::RoomAnswer { room, join: true }).await?;
        wait_for("everything that was said is shown", PATIENCE, || async {
            Ok((self.shared.count(number, 0..until) == until).then_some(()))
        })
        .await?;
        self.members.push(member);
        Ok(begun.elapsed())
    }
}

/// See the module.
pub async fn gossip(report: &mut Report, wanted: &Wanted) -> Result<()> {
    let nodes = wanted.nodes;
    let begun = Instant::now();
    let made = tokio::task::spawn_blocking(move || many(nodes, SPEAKERS.min(nodes), LATE)).await??;
    let built = begun.elapsed();
    let shared = Arc::new(Shared::new(made.wall_ms, wanted.links));
    let mut room =
        Room { room: made.room, shared: Arc::clone(&shared), members: Vec::new(), said: Vec::new() };
    let begun = Instant::now();
    for (number, person) in made.people.iter().take(nodes).enumerate() {
        room.members.push(Member::start(person, number, &shared).await?);
    }
    room.settle().await?;
    let links: usize = room.members.iter().map(Member::links).sum();
    let links = (links as f64 * 10.0 / nodes as f64).round() / 10.0;
    report.line(
        "gossip_links",
        links,
        &format!(
            "{nodes} nodes of one room in one process: {links} links each; made in {:.1} s, at rest {:.1} s after the \
             start",
            secs(built),
            secs(begun.elapsed())
        ),
    );
    let before = Meter::read(&shared)?;
    let said = room.in_turn(wanted.turns).await?;
    room.report(report, "gossip_turn", "  one message at a time, until shown", said, &before)?;
    let before = Meter::read(&shared)?;
    let said = room.paced(wanted.turns).await?;
    room.report(report, "gossip_paced", "ten messages a second", said, &before)?;
    shared.lost_permille.store(LOST, Ordering::Relaxed);
    let before = Meter::read(&shared)?;
    let said = room.paced(wanted.turns).await?;
    room.report(report, "gossip_lossy", "the same with 5 % of the gossip lost", said, &before)?;
    shared.lost_permille.store(0, Ordering::Relaxed);
    shared.most_links.store(usize::MAX, Ordering::Relaxed);
    let mut late = Vec::new();
    for (number, person) in made.people.iter().enumerate().skip(nodes) {
        let member = Member::start(person, number, &shared).await?;
        late.push(room.comes(member, person.account).await?);
    }
    let count = room.said.len();
    let words = format!("who comes late: from being asked in until all {count} messages are shown");
    times(report, "gossip_late", &words, &mut late);
    for member in room.members {
        member.end().await?;
    }
    Ok(())
}

//! A caller of a mailbox that is no person: the words of the mailbox stream said by hand, over the real network, with
//! as many streams as the mailbox takes.

use anyhow::{Context as _, Result, bail, ensure};
use starling_node::net::{Net, NetConfig, start};
use starling_protocol::engine::net::{ConnId, LinkId, LinkProtocol, NetCommand, NetEvent};
use starling_protocol::ids::MailboxId;
use starling_protocol::mail::{Answer, Pieces, Request, check_greeting, split};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Answers of one stream that wait to be read. A page of a fetch fits.
const ANSWERS: usize = 512;
/// For anything a mailbox may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What comes on one stream.
struct Inbox {
    answers: mpsc::Sender<Answer>,
    pieces: Pieces,
    opened: Option<oneshot::Sender<(Vec<u8>, Vec<u8>)>>,
}

type Inboxes = Arc<Mutex<BTreeMap<LinkId, Inbox>>>;

/// One connection to a mailbox, with a peer id of its own.
pub struct Desk {
    commands: mpsc::Sender<NetCommand>,
    conn: ConnId,
    mailbox: MailboxId,
    inboxes: Inboxes,
    next: LinkId,
    reader: JoinHandle<()>,
    // Ends the network when the desk goes.
    _stop: starling_node::net::Stop,
}

/// One stream, on which the mailbox has shown that it is who it should be.
pub struct Line {
    link: LinkId,
    commands: mpsc::Sender<NetCommand>,
    answers: mpsc::Receiver<Answer>,
}

impl Desk {
    /// Connects to a mailbox at one of these addresses.
    ///
    /// # Errors
    /// When nobody is there.
    pub async fn call(mailbox: MailboxId, addrs: Vec<String>) -> Result<Self> {
        let config = NetConfig { listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()], ..NetConfig::default() };
        let Net { commands, mut events, stop, .. } = start(config).await?;
        commands.send(NetCommand::Dial { dial: 0, addrs }).await?;
        let conn = loop {
            match tokio::time::timeout(PATIENCE, events.recv()).await?.context("the network is gone")? {
                NetEvent::Dialed { conn, .. } => break conn,
                NetEvent::DialFailed { reason, .. } => bail!("no mailbox there: {reason}"),
                _ => {}
            }
        };
        let inboxes = Inboxes::default();
        let reader = tokio::spawn(read(events, Arc::clone(&inboxes)));
        Ok(Self { commands, conn, mailbox, inboxes, next: 0, reader, _stop: stop })
    }

    /// A new stream.
    ///
    /// # Errors
    /// When the mailbox does not take it, or is another.
    pub async fn line(&mut self) -> Result<Line> {
        self.next = self.next.saturating_add(2);
        let link = self.next;
        let (answers, taken) = mpsc::channel(ANSWERS);
        let (opened, ready) = oneshot::channel();
        let inbox = Inbox { answers, pieces: Pieces::default(), opened: Some(opened) };
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner).insert(link, inbox);
        let open = NetCommand::OpenLink { link, conn: self.conn, protocol: LinkProtocol::Mail };
        self.commands.send(open).await?;
        let (ours, theirs) =
            tokio::time::timeout(PATIENCE, ready).await?.context("the mailbox takes no stream")?;
        let mut line = Line { link, commands: self.commands.clone(), answers: taken };
        let nonce = [link.to_le_bytes(); 4].concat().try_into().unwrap_or([0; 32]);
        let Answer::Welcome(sig) = line.ask(&Request::Hello { nonce }).await? else { bail!("no welcome") };
        check_greeting(&self.mailbox, &nonce, &ours, &theirs, &sig)?;
        Ok(line)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Line {
    /// Says something without waiting for the answer.
    ///
    /// # Errors
    /// When the network is gone.
    pub async fn say(&self, request: &Request) -> Result<()> {
        let messages = split(&request.encode()?);
        Ok(self.commands.send(NetCommand::Write { link: self.link, messages }).await?)
    }

    /// The next that comes.
    ///
    /// # Errors
    /// When the stream ended, or nothing comes in a minute.
    pub async fn next(&mut self) -> Result<Answer> {
        tokio::time::timeout(PATIENCE, self.answers.recv()).await?.context("the stream ended")
    }

    /// Says something and waits for the answer; `News` in between is passed over.
    ///
    /// # Errors
    /// As [`Line::next`].
    pub async fn ask(&mut self, request: &Request) -> Result<Answer> {
        self.say(request).await?;
        loop {
            match self.next().await? {
                Answer::News => {}
                answer => return Ok(answer),
            }
        }
    }

    /// Says something that is answered by `Done`.
    ///
    /// # Errors
    /// When it is answered by something else.
    pub async fn done(&mut self, request: &Request) -> Result<()> {
        let answer = self.ask(request).await?;
        ensure!(answer == Answer::Done, "{answer:?}");
        Ok(())
    }
}

/// Gives what comes to the streams it is for. A stream that is not read holds up the others of its desk, no more.
async fn read(mut events: mpsc::Receiver<NetEvent>, inboxes: Inboxes) {
    while let Some(event) = events.recv().await {
        let answers = {
            let mut inboxes = inboxes.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                NetEvent::LinkOpened { link, local_peer, remote_peer, .. } => {
                    if let Some(opened) = inboxes.get_mut(&link).and_then(|inbox| inbox.opened.take()) {
                        let _ = opened.send((local_peer, remote_peer));
                    }
                    None
                }
                NetEvent::LinkClosed { link } => {
                    inboxes.remove(&link);
                    None
                }
                NetEvent::LinkData { link, message } => inboxes.get_mut(&link).and_then(|inbox| {
                    let frame = inbox.pieces.push(&message).ok().flatten()?;
                    Some((inbox.answers.clone(), Answer::decode(&frame).ok().flatten()?))
                }),
                _ => None,
            }
        };
        if let Some((inbox, answer)) = answers {
            let _ = inbox.send(answer).await;
        }
    }
}

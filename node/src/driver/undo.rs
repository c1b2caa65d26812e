//! What a driver does when its store fails: it tells everybody why, and begins anew from what is on disk.

use super::handle::NodeFault;
use super::{Driver, DriverError, rng};
use crate::store::StoreError;
use starling_protocol::engine::net::NetCommand;
use starling_protocol::engine::{Action, Engine, Reply};
use std::sync::Arc;

impl Driver {
    /// A commit failed, and nothing of the turn happened; or a read did, and what the engine wanted to do with the records
    /// did not happen. The engine is made anew from what is on disk.
    pub(super) async fn undo(&mut self, error: StoreError, actions: Vec<Action>) -> Result<(), DriverError> {
        let fatal = matches!(error, StoreError::Damaged { .. } | StoreError::Closed | StoreError::WrongKey);
        tracing::error!(%error, "the engine is loaded anew: the store failed");
        let error = Arc::new(error);
        self.trouble.send_replace(Some(trouble_words(&error)));
        // What only asked changed nothing, so its answer holds.
        self.act(actions.into_iter().filter(only_tells).collect());
        for (_, answer) in std::mem::take(&mut self.waiting) {
            let _ = answer.send(Err(NodeFault::Store(Arc::clone(&error))));
        }
        if fatal {
            return Err(DriverError::Store(Arc::try_unwrap(error).unwrap_or(StoreError::Closed)));
        }
        self.outgoing.clear();
        self.reads.forget();
        for conn in std::mem::take(&mut self.conns) {
            self.outgoing.push_back(NetCommand::CloseConn { conn });
        }
        self.act_outgoing();
        let records = self.store.load().await?;
        let mut engine = Engine::load(records, rng()?, self.clock.now())?;
        engine.set_peer_id(self.net.local_peer.clone());
        engine.carry_on(&self.engine);
        self.engine = engine;
        self.wake_at_ms = Some(self.clock.now().mono_ms.saturating_add(1_000));
        Ok(())
    }
}

/// Whether an action is the answer to a mere question.
fn only_tells(action: &Action) -> bool {
    matches!(
        action,
        Action::Reply {
            result: Err(_)
                | Ok(Reply::Status(_)
                    | Reply::People(_)
                    | Reply::Requests(_)
                    | Reply::Invites(_)
                    | Reply::Rooms(_)
                    | Reply::Members(_)
                    | Reply::SafetyNumber(_)),
            ..
        }
    )
}

fn trouble_words(error: &StoreError) -> String {
    match error {
        StoreError::Full => {
            "The disk is full. New messages cannot be stored, so none are taken; senders keep theirs. \
            Free some space: Starling goes on by itself."
                .to_owned()
        }
        other => format!("{other}. New messages are not taken; senders keep theirs."),
    }
}

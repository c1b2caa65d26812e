//! A node in this process, on threads of its own: drawing never waits for it, and it never waits for drawing.

use starling_node::api::trouble::internal;
use starling_node::api::types::Trouble;
use starling_node::driver::handle::NodeHandle;
use starling_node::node::{self, StartOptions};
use starling_node::profile::Profile;
use std::time::Duration;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// How long ending may take before the process ends anyway. What was accepted is on the disk already.
const END: Duration = Duration::from_secs(10);

/// A running node of this process.
pub struct Host {
    handle: NodeHandle,
    over: oneshot::Receiver<()>,
}

impl Host {
    /// Starts a node; returns when it takes calls.
    ///
    /// # Errors
    /// In words, as `starling daemon` says them.
    pub async fn start(profile: Profile, passphrase: Option<Zeroizing<Vec<u8>>>) -> Result<Self, Trouble> {
        let (ready, started) = oneshot::channel();
        let (ended, over) = oneshot::channel();
        let spawned = std::thread::Builder::new().name("node".to_owned()).spawn(move || {
            // Dropping the sender when the thread ends is the sign that it is over.
            let _ended = ended;
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = ready.send(Err(internal(format!("No threads for the node: {error}"))));
                    return;
                }
            };
            runtime.block_on(async move {
                let options = StartOptions {
                    profile,
                    passphrase,
                    listen: Vec::new(),
                    peers: Vec::new(),
                    lan: None,
                    serve: None,
                    web: None,
                };
                match node::start(options).await {
                    Ok(node) => {
                        let _ = ready.send(Ok(node.handle().clone()));
                        // Its error is a broken store; the screen hears of the end by its connection.
                        let _ = node.stopped().await;
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error.into()));
                    }
                }
            });
        });
        spawned.map_err(|error| internal(format!("No thread for the node: {error}")))?;
        let handle = started.await.map_err(|_| internal("The node broke while it started"))??;
        Ok(Self { handle, over })
    }

    /// Asks it to end and waits for that.
    pub async fn end(self) {
        self.handle.stop();
        let _ = tokio::time::timeout(END, self.over).await;
    }
}

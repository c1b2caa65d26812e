//! Frames of the mailbox stream as messages of the transport (docs/spec/08-mail.md, "Stream").

use super::words::{MESSAGE_BYTES, WordsError};

/// Bytes of a frame in one message of the transport, which takes 65,535 with the flag.
const PIECE_BYTES: usize = 60_000;
/// Flag: more of this frame follows.
const MORE: u8 = 1;

/// A frame as messages of the transport: a flag byte and a piece each.
pub fn split(frame: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = frame.chunks(PIECE_BYTES).peekable();
    let mut messages = Vec::with_capacity(frame.len().div_ceil(PIECE_BYTES));
    while let Some(piece) = pieces.next() {
        let mut message = Vec::with_capacity(piece.len().saturating_add(1));
        message.push(if pieces.peek().is_some() { MORE } else { 0 });
        message.extend_from_slice(piece);
        messages.push(message);
    }
    messages
}

/// Frames out of messages of the transport. Holds at most [`MESSAGE_BYTES`].
#[derive(Debug, Default)]
pub struct Pieces(Vec<u8>);

impl Pieces {
    /// Takes a message: the frame it completes, if it does.
    ///
    /// # Errors
    /// [`WordsError::Pieces`] when the stream is to be closed.
    pub fn push(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, WordsError> {
        let (flag, piece) = message.split_first().ok_or(WordsError::Pieces)?;
        let full = piece.len() == PIECE_BYTES;
        if *flag > MORE || (*flag == MORE && !full) || piece.is_empty() {
            return Err(WordsError::Pieces);
        }
        if self.0.len().saturating_add(piece.len()) > MESSAGE_BYTES {
            return Err(WordsError::Pieces);
        }
        self.0.extend_from_slice(piece);
        Ok((*flag == 0).then(|| std::mem::take(&mut self.0)))
    }
}

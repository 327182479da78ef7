//! Bounded queues of messages between subtasks and coordinator. Messages are few: requests, triggers, reports; never rows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use flott_exchange::WakeCell;
use thiserror::Error;

/// A mailbox is full, which its protocol rules out: somebody sends more than agreed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a mailbox holds {0} messages, more than its protocol allows")]
pub struct MailboxFull(pub usize);

/// Both ends of a mailbox; clones share it.
pub struct Mailbox<T> {
    messages: Arc<Mutex<VecDeque<T>>>,
    messages_max: usize,
    reader: WakeCell,
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Mailbox { messages: self.messages.clone(), messages_max: self.messages_max, reader: self.reader.clone() }
    }
}

impl<T> Mailbox<T> {
    /// A mailbox whose reader is woken by each message.
    pub fn new(messages_max: usize, reader: WakeCell) -> Self {
        Mailbox { messages: Arc::default(), messages_max, reader }
    }

    /// Adds a message.
    ///
    /// # Errors
    /// If the mailbox is full.
    pub fn send(&self, message: T) -> Result<(), MailboxFull> {
        {
            let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
            if messages.len() >= self.messages_max {
                return Err(MailboxFull(messages.len()));
            }
            messages.push_back(message);
        }
        self.reader.wake();
        Ok(())
    }

    /// Takes the oldest message.
    pub fn take(&self) -> Option<T> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_order_and_a_full_mailbox_says_so() {
        let mailbox = Mailbox::new(2, WakeCell::new());
        assert_eq!(mailbox.send(1), Ok(()));
        assert_eq!(mailbox.send(2), Ok(()));
        assert_eq!(mailbox.send(3), Err(MailboxFull(2)));
        assert_eq!((mailbox.take(), mailbox.take(), mailbox.take()), (Some(1), Some(2), None));
    }
}

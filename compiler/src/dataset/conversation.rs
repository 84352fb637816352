//! Messages become turns: what a user says is a request, what stands before it is its context, and
//! what an assistant says behind it is its recorded answer.

use super::arena::Id;
use super::{Content, Said, Turn};
use crate::payload::Role;

/// A conversation in the making.
#[derive(Default)]
pub struct Messages {
    /// Those since the last turn that are nobody's answer.
    before: Vec<(Role, Id)>,
    pub turns: Vec<Turn>,
}

impl Messages {
    /// A user's turn.
    pub fn turn(&mut self, mut turn: Turn) {
        if let Content::Said(said) = &mut turn.content {
            said.before = std::mem::take(&mut self.before);
        }
        self.turns.push(turn);
    }

    /// What another says.
    pub fn message(&mut self, role: Role, text: Id) {
        let last = self.turns.last_mut().map(|turn| &mut turn.content);
        match last {
            Some(Content::Said(Said {
                answer: answer @ None,
                ..
            })) if role == Role::Assistant && self.before.is_empty() => *answer = Some(text),
            _ => self.before.push((role, text)),
        }
    }

    /// Whether the last message stands in front of nothing.
    pub fn hangs(&self) -> bool {
        !self.before.is_empty()
    }
}

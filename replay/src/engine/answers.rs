//! What the server has answered, for the later turns of a conversation that repeat it.
//!
//! An answer is kept, as it stands in a JSON string, from its end until the last request that
//! repeats it has been put together. Only workloads with live history use this.

use schemas::body::Piece;
use schemas::layout::REQUEST_LIVE;
use schemas::reader::Workload;
use std::collections::HashMap;

/// The answers of one worker's conversations.
#[derive(Debug, Default)]
pub struct Answers {
    /// How many requests are still to repeat the answer to each; empty without live history.
    uses: Vec<u32>,
    kept: HashMap<u64, Vec<u8>>,
}

impl Answers {
    /// Counts who repeats what.
    pub fn new(workload: &Workload) -> Self {
        let mut answers = Answers::default();
        for (index, request) in workload.requests().iter().enumerate() {
            if request.flags & REQUEST_LIVE == 0 {
                continue;
            }
            answers.uses.resize(workload.requests().len(), 0);
            each_answer(workload, index as u64, |request| {
                if let Some(uses) = answers.uses.get_mut(request as usize) {
                    *uses += 1;
                }
            });
        }
        answers
    }

    /// Whether somebody is still to repeat the answer to this request.
    pub fn are_wanted(&self, request: u64) -> bool {
        self.uses
            .get(request as usize)
            .is_some_and(|uses| *uses > 0)
    }

    /// Keeps an answer.
    pub fn keep(&mut self, request: u64, text: &[u8]) {
        self.kept.insert(request, text.to_vec());
    }

    /// The answer to a request; nothing if nothing was received.
    pub fn to(&self, request: u64) -> &[u8] {
        self.kept.get(&request).map_or(&[], Vec::as_slice)
    }

    /// Notes that this request has been put together or never will be: answers that nobody else
    /// repeats are let go.
    pub fn used_by(&mut self, workload: &Workload, request: u64) {
        if self.uses.is_empty() {
            return;
        }
        let (uses, kept) = (&mut self.uses, &mut self.kept);
        each_answer(workload, request, |answered| {
            if let Some(left) = uses.get_mut(answered as usize) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    kept.remove(&answered);
                }
            }
        });
    }
}

fn each_answer(workload: &Workload, request: u64, mut each: impl FnMut(u64)) {
    let pieces = workload.body(request).into_iter().flatten();
    pieces.for_each(|piece| {
        if let Piece::AnswerTo(answered) = piece {
            each(answered);
        }
    });
}

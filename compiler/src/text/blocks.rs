//! Text for the block ids of a trace: equal ids are equal text, so that a server's prefix cache
//! hits where it did in production, and different ids part at their first word, so that it hits
//! nowhere else.
//!
//! A block is a lead word and a slice of the corpus. Siblings, the blocks that follow the same
//! block somewhere in the trace, get different lead words, in order of first appearance. Where
//! there are more siblings than words the lead is two words long, and prompts may share one word
//! more than their blocks; [`BlockTexts::shared_leads`] counts such blocks.

use super::corpus::Corpus;
use super::prompt::{Place, each_cyclic};
use super::source::{Cut, TextOut};
use crate::rng::Streams;
use std::collections::BTreeMap;
use traces::Blocks;

/// The texts of all blocks of a trace.
#[derive(Clone, Debug)]
pub struct BlockTexts {
    /// Rank among its siblings, by id.
    ranks: BTreeMap<u64, u32>,
    block_tokens: u32,
    streams: Streams,
    /// Blocks whose first word may be that of a sibling.
    pub shared_leads: u64,
}

impl BlockTexts {
    /// Ranks the blocks of all `rows` rows of a trace, replayed or not, so that no window and no
    /// sample changes a text. `words` is the number of lead words.
    pub fn new(blocks: &Blocks, rows: u32, words: u32, streams: Streams) -> Self {
        let mut ranks = BTreeMap::new();
        let mut taken: BTreeMap<(Option<u64>, u32), u64> = BTreeMap::new();
        let mut next: BTreeMap<Option<u64>, u32> = BTreeMap::new();
        let mut shared_leads = 0;
        for row in 0..rows {
            let mut parent = None;
            for &id in blocks.of_row(row) {
                let free = next.entry(parent).or_insert(0);
                let rank = *ranks.entry(id).or_insert_with(|| {
                    while taken.contains_key(&(parent, *free)) {
                        *free += 1;
                    }
                    *free
                });
                let place = taken.entry((parent, rank)).or_insert_with(|| {
                    shared_leads += u64::from(rank >= words);
                    id
                });
                shared_leads += u64::from(*place != id);
                parent = Some(id);
            }
        }
        Self {
            ranks,
            block_tokens: blocks.block_tokens,
            streams,
            shared_leads,
        }
    }

    /// Appends the byte ranges of a prompt of `tokens` tokens made of these blocks, the last of
    /// which may be cut short.
    pub fn prompt(
        &self,
        corpus: &Corpus,
        ids: &[u64],
        tokens: u32,
        place: Place,
        out: &mut TextOut,
    ) {
        let first = out.rope.len();
        let mut left = tokens;
        for id in ids {
            let taken = left.min(self.block_tokens);
            self.block(corpus, *id, taken, out);
            left -= taken;
        }
        debug_assert_eq!(left, 0, "the reader has checked the number of blocks");
        if place == Place::Start
            && let Some(Cut::Corpus(word)) = out.rope.get_mut(first)
        {
            word.start += 1;
        }
    }

    /// One block: lead words, then a slice of the corpus whose start is the one draw of the
    /// stream with the block's id.
    fn block(&self, corpus: &Corpus, id: u64, tokens: u32, out: &mut TextOut) {
        let words = corpus.lexicon_words();
        let mut rank = self.ranks[&id];
        let mut left = tokens;
        while left > 0 {
            out.rope
                .push(Cut::Corpus(corpus.lexicon_word(rank % words)));
            left -= 1;
            rank /= words;
            if rank == 0 {
                break;
            }
        }
        if left > 0 {
            let start = self.streams.stream(id).below(u64::from(corpus.words()));
            each_cyclic(corpus.words(), start as u32, left, |words| {
                out.rope.push(Cut::Corpus(corpus.slice(words)));
            });
        }
    }
}

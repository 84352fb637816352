//! Leads that spell an identity: as many tokens as words, and no two alike.

use compiler::text::prompt::Place;
use compiler::text::source::TextOut;
use compiler::text::tokenizer::Tokenizer;
use compiler::text::unique::{lead_words, unique_lead};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn lead(identity: u64, count: u32, words: &[String], place: Place) -> String {
    let mut out = TextOut::default();
    unique_lead(identity, count, words, place, &mut out);
    assert_eq!(out.rope.len(), 1, "one piece of own text");
    out.own
}

#[test]
fn a_lead_has_a_token_for_each_word_and_comes_once() {
    let words = Tokenizer::o200k_base().words().unwrap();
    let oracle = tiktoken_rs::o200k_base_singleton();
    let identities = 50_000;
    let count = lead_words(identities, words.len());
    assert_eq!(count, 2);
    let leads = (0..identities).map(|identity| lead(identity, count, &words, Place::Start));
    let leads: Vec<String> = leads.collect();
    for lead in leads.iter().step_by(97) {
        assert_eq!(oracle.encode_ordinary(lead).len(), count as usize, "{lead}");
    }
    assert_eq!(leads.iter().collect::<BTreeSet<_>>().len(), leads.len());
    // The control: one word less is not enough.
    let short = |lead: &String| lead.split(' ').next().unwrap().to_owned();
    assert!(leads.iter().map(short).collect::<BTreeSet<_>>().len() < leads.len());
    // One after the other they part at their first word.
    let neighbours = leads
        .windows(2)
        .filter(|pair| short(&pair[0]) == short(&pair[1]));
    assert_eq!(neighbours.count(), 0);
}

proptest! {
    #[test]
    fn as_many_words_as_needed_and_no_more(identities in 1_u64.., words in 2_usize..50_000) {
        let count = lead_words(identities, words);
        let spelt = |count: u32| (words as u128).checked_pow(count).unwrap_or(u128::MAX);
        prop_assert!(spelt(count) >= u128::from(identities));
        prop_assert!(count == 1 || spelt(count - 1) < u128::from(identities));
    }

    #[test]
    fn different_identities_have_different_leads(a in 0_u64..10_000, b in 0_u64..10_000) {
        let words: Vec<String> = ["ba", "be", "bi", "bo", "bu"].map(str::to_owned).to_vec();
        let count = lead_words(10_000, words.len());
        let spelt = |identity| lead(identity, count, &words, Place::Behind);
        prop_assert_eq!(spelt(a) == spelt(b), a == b);
        prop_assert!(spelt(a).starts_with(' '));
        prop_assert_eq!(spelt(a).split(' ').count(), count as usize + 1);
    }
}

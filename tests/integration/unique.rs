//! `data.unique`: no two conversations begin alike.

use crate::exact::{counted, encoder};
use crate::lines::{Lines, number};
use crate::said::Said;
use crate::support::dir;
use serde_json::Value;
use std::collections::BTreeSet;

/// Words that tell all identities of two populations apart.
const LEAD: usize = 4;

fn spec(rate: u32, unique: bool, more: &str) -> String {
    let data = |input: &str| {
        format!(
            "{{type: random, input_distribution: '{input}', output_distribution: 2, corpus: code, unique: {unique}}}"
        )
    };
    format!(
        "seed: 4\nmodels: m\nload: {{type: constant, stages: [{{rate: {rate}, duration: 1}}]}}\npopulations:\n\
         - name: chat\n  api: {{type: chat}}\n  data: {}\n{more}\
         - name: text\n  api: {{type: completion}}\n  data: {}\n",
        data("uniform(5, 9)"),
        data("uniform(6, 30)")
    )
}

/// The first words of every conversation; a text of fewer has them all.
fn leads(lines: &[Value], words: usize) -> Vec<String> {
    let first = lines
        .iter()
        .filter(|line| line["turn"].as_u64().unwrap_or(0) == 0);
    let lead = |line: &Value| {
        let text = Said::of(line).texts.remove(0);
        text.split(' ').take(words).collect::<Vec<_>>().join(" ")
    };
    first.map(lead).collect()
}

fn shared(leads: &[String]) -> usize {
    leads.len() - leads.iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn no_two_of_fifty_thousand_prompts_share_their_first_words() {
    let unique = Lines::of(&spec(25_000, true, "")).lines;
    assert_eq!(unique.len(), 50_000);
    assert_eq!(shared(&leads(&unique, LEAD)), 0);
    // The control: drawn words collide, the first alone often.
    let drawn = Lines::of(&spec(25_000, false, "")).lines;
    let of_first = (shared(&leads(&unique, 1)), shared(&leads(&drawn, 1)));
    assert!(of_first.1 > 1_000, "{of_first:?}");
    assert!(shared(&leads(&drawn, 1)) > 0);
    // Identities one after the other part at their first word, as far as there are words.
    let near: Vec<String> = leads(&unique, 1).into_iter().take(2_000).collect();
    assert_eq!(shared(&near), 0);
    let near: Vec<String> = leads(&drawn, 1).into_iter().take(2_000).collect();
    assert!(shared(&near) > 0);
}

#[test]
fn conversations_begin_with_their_own_words_and_keep_them() {
    let sessions = "  sessions: {turns: 3, delay: 1s, history: materialised}\n";
    let lines = Lines::of(&spec(400, true, sessions)).lines;
    assert_eq!(lines.len(), 400 * 4);
    assert_eq!(shared(&leads(&lines, LEAD)), 0);
    for pair in lines
        .windows(2)
        .filter(|pair| pair[1]["turn"].as_u64() > Some(0))
    {
        let [before, now] = [&pair[0], &pair[1]].map(|line| Said::of(line).texts);
        assert_eq!(before[0], now[0]);
    }
    for line in &lines {
        let tokens = counted(&Said::of(line), encoder("o200k_base"), (0, 0));
        assert_eq!(tokens, number(line, "input_tokens"));
    }
}

#[test]
fn a_prompt_that_has_no_room_for_its_lead_is_refused_with_place_and_remedy() {
    let dir = dir();
    let spec = spec(10, true, "").replace("uniform(5, 9)", "uniform(1, 3)");
    dir.write("in/s.yaml", &spec);
    let outcome = dir.wlc("compile in/s.yaml -o w.wlc").run().expect(2);
    for words in [
        "in/s.yaml:7:",
        "cannot be unique: the words that tell so many apart are",
        "help: raise `min` of `data.input_distribution` to",
    ] {
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
    assert_eq!(dir.list("."), ["in"], "nothing is left behind");
}

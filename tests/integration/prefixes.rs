//! Shared prefixes: prompts of a group begin with the same text, and no others do.

use crate::lines::{Lines, body, messages, number, texts};
use crate::text::{encoded, miscounted_in_all};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const GROUPS: usize = 3;
const USERS: usize = 5;
const PROMPTS: usize = GROUPS * USERS;

fn spec(api: &str, multi_turn: bool) -> String {
    format!(
        "seed: 131\napi: {{type: {api}, streaming: true}}\nmodels: [{{name: m}}]\n\
         data: {{type: shared_prefix, shared_prefix: {{num_groups: {GROUPS}, num_prompts_per_group: {USERS}, \
         system_prompt_len: 'uniform(20, 60)', question_len: 'uniform(4, 30)', output_len: 'uniform(1, 30)', \
         enable_multi_turn_chat: {multi_turn}}}}}\n\
         load: {{type: poisson, stages: [{{rate: 50, duration: 1}}]}}\n"
    )
}

/// System prompt and question of every request.
fn said(lines: &[Value]) -> Vec<(String, String)> {
    let said = |line: &Value| {
        let messages = messages(&body(line));
        let [(system, prefix), (user, question)] = &messages[..] else {
            panic!("{messages:?}");
        };
        assert_eq!((system.as_str(), user.as_str()), ("system", "user"));
        (prefix.clone(), question.clone())
    };
    lines.iter().map(said).collect()
}

/// Questions by system prompt.
fn groups(said: &[(String, String)]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (prefix, question) in said {
        groups.entry(prefix).or_default().insert(question);
    }
    groups
}

#[test]
fn every_prompt_is_sent_once_before_any_is_sent_again() {
    let Lines { lines, .. } = Lines::of(&spec("chat", false));
    let said = said(&lines);
    assert!(said.len() > 2 * PROMPTS);
    let first = groups(&said[..PROMPTS]);
    assert_eq!(first.len(), GROUPS, "one system prompt for each group");
    assert!(first.values().all(|questions| questions.len() == USERS));
    assert_eq!(groups(&said), first, "and no other afterwards");
    for (i, prompt) in said.iter().enumerate().skip(PROMPTS) {
        assert_eq!(*prompt, said[i - PROMPTS], "in the same order");
    }
    let in_order = said
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0)
        .count();
    assert!(in_order * 2 < said.len(), "the order is mixed");
}

#[test]
fn tokens_of_prefix_and_question_add_up() {
    for api in ["chat", "completion"] {
        for multi_turn in [false, true] {
            let Lines { lines, .. } = Lines::of(&spec(api, multi_turn));
            assert_eq!(miscounted_in_all(&lines), [0; 0], "{api} {multi_turn}");
        }
    }
    let Lines { lines, .. } = Lines::of(&spec("chat", false));
    for (prefix, question) in said(&lines) {
        assert!((20..=60).contains(&encoded(&prefix).len()));
        assert!((4..=30).contains(&encoded(&question).len()));
    }
}

#[test]
fn a_completion_begins_with_its_prefix() {
    let Lines { lines: chat, .. } = Lines::of(&spec("chat", false));
    let Lines { lines, .. } = Lines::of(&spec("completion", false));
    let joined = said(&chat)
        .into_iter()
        .map(|(prefix, question)| format!("{prefix} {question}"));
    let prompts = lines.iter().map(|line| texts(&body(line)).remove(0));
    assert_eq!(prompts.collect::<Vec<_>>(), joined.collect::<Vec<_>>());
}

#[test]
fn no_two_prefixes_and_no_two_questions_begin_alike() {
    let Lines { lines, .. } = Lines::of(&spec("chat", false));
    let said = said(&lines);
    let begin = |text: &str| text.split(' ').take(3).collect::<Vec<_>>().join(" ");
    let prefixes: BTreeSet<String> = said.iter().map(|(prefix, _)| begin(prefix)).collect();
    let questions: BTreeSet<String> = said.iter().map(|(_, question)| begin(question)).collect();
    assert_eq!((prefixes.len(), questions.len()), (GROUPS, PROMPTS));
}

#[test]
fn in_multi_turn_chat_each_user_goes_on_where_he_was() {
    let Lines {
        lines, compiled, ..
    } = Lines::of(&spec("chat", true));
    assert_eq!(compiled["sessions"], PROMPTS);
    let mut last: BTreeMap<String, &Value> = BTreeMap::new();
    for line in &lines {
        let session = line["session"].as_str().expect("an id").to_owned();
        let before = last.insert(session, line);
        let mut now = messages(&body(line));
        assert_eq!(now[0].0, "system");
        assert!(line["at_ns"].is_u64(), "every turn has its time");
        let Some(before) = before else {
            assert_eq!(
                (&line["turn"], &line["after"], now.len()),
                (&0.into(), &Value::Null, 2)
            );
            continue;
        };
        assert_eq!(number(line, "turn"), number(before, "turn") + 1);
        assert_eq!(line["after"]["request"], before["index"]);
        assert_eq!(line["after"]["delay_ns"], 0);
        let (asked, answer) = (now.pop().unwrap(), now.pop().unwrap());
        assert_eq!((asked.0.as_str(), answer.0.as_str()), ("user", "assistant"));
        assert_eq!(
            encoded(&answer.1).len() as u64,
            number(before, "output_tokens")
        );
        assert_eq!(now, messages(&body(before)));
    }
    assert_eq!(last.len(), PROMPTS);
    assert!(lines.len() > 2 * PROMPTS, "control: there are third turns");
}

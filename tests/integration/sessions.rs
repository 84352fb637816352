//! Conversations: what every turn says of the turns before it, and what it waits for.

use crate::lines::{Lines, body, counted, messages, number, text, texts};
use crate::text::{encoded, miscounted_in_all};
use serde_json::{Value, json};

const CHAT: &str = "\
seed: 51
api: {type: chat, streaming: true}
models: [{name: m}]
data: {type: synthetic, input_distribution: 'uniform(1, 30)', output_distribution: 'uniform(1, 20)'}
load: {type: poisson, stages: [{rate: 20, duration: 2}]}
sessions: {turns: 'uniform(1, 5)', delay: 'uniform(1s, 2s)'}
";

fn live() -> String {
    CHAT.replace("delay: 'uniform(1s, 2s)'", "delay: 1s, history: live")
}

fn is_first(line: &Value) -> bool {
    number(line, "turn") == 0
}

/// Whether `next` is the turn behind `line`: it says all that `line` said, an answer of the
/// length that was asked for, and one thing more.
fn goes_on(line: &Value, next: &Value) -> bool {
    let (before, mut now) = (messages(&body(line)), messages(&body(next)));
    let asked = now.pop();
    let answer = now.pop();
    asked.is_some_and(|(role, _)| role == "user")
        && answer.is_some_and(|(role, text)| {
            role == "assistant" && encoded(&text).len() as u64 == number(line, "output_tokens")
        })
        && now == before
}

/// Pairs of a turn and the one behind it.
fn pairs(lines: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    let pairs = lines.iter().zip(&lines[1..]);
    pairs.filter(|(_, next)| !is_first(next))
}

#[test]
fn every_turn_begins_with_all_that_the_turn_before_said_and_its_answer() {
    let Lines { lines, .. } = Lines::of(CHAT);
    assert!(pairs(&lines).count() > 50);
    for (line, next) in pairs(&lines) {
        assert!(goes_on(line, next), "{line}\n{next}");
    }
    for line in lines.iter().filter(|line| is_first(line)) {
        assert_eq!(messages(&body(line)).len(), 1);
    }
    assert_eq!(miscounted_in_all(&lines), [0; 0], "tokens of all messages");
}

#[test]
fn control_a_turn_does_not_go_on_another_conversation() {
    let Lines { lines, .. } = Lines::of(CHAT);
    let second = |line: &&Value| number(line, "turn") == 1;
    let seconds: Vec<&Value> = lines.iter().filter(second).collect();
    let firsts = pairs(&lines).filter(|(_, next)| second(next));
    let firsts: Vec<&Value> = firsts.map(|(line, _)| line).collect();
    assert!(firsts.len() > 20);
    let others = firsts.iter().zip(&seconds[1..]);
    assert_eq!(others.filter(|(line, next)| goes_on(line, next)).count(), 0);
}

#[test]
fn control_an_altered_answer_is_miscounted() {
    let Lines { mut lines, .. } = Lines::of(CHAT);
    let altered = lines.iter_mut().find(|line| !is_first(line)).unwrap();
    let longer = text(altered, "body").replacen(
        r#"assistant","content":""#,
        r#"assistant","content":"one "#,
        1,
    );
    altered["body"] = longer.into();
    let index = number(altered, "index");
    assert_eq!(miscounted_in_all(&lines), [index]);
}

#[test]
fn a_completion_says_the_earlier_turns_as_one_text_of_the_stated_length() {
    let completion = CHAT.replace("type: chat", "type: completion");
    let Lines { lines, .. } = Lines::of(&completion);
    assert_eq!(miscounted_in_all(&lines), [0; 0]);
    for (line, next) in pairs(&lines) {
        let (before, now) = (texts(&body(line)).remove(0), texts(&body(next)).remove(0));
        assert!(now.starts_with(&format!("{before} ")), "{now}");
    }
}

/// Ids, turns and what each request waits for.
#[track_caller]
fn assert_linked(lines: &[Value], delay_ns: std::ops::RangeInclusive<u64>) {
    let mut session = 0;
    let mut turn = 0;
    for (index, line) in (0..).zip(lines) {
        if index > 0 {
            (session, turn) = match is_first(line) {
                true => (session + 1, 0),
                false => (session, turn + 1),
            };
        }
        assert_eq!(line["session"], format!("session_{session:06}"));
        assert_eq!(line["turn"], turn);
        if turn == 0 {
            assert!(line["at_ns"].is_u64(), "{line}");
            assert_eq!(line["after"], Value::Null);
        } else {
            assert_eq!(line["at_ns"], Value::Null);
            assert_eq!(line["after"]["request"], index - 1);
            let waited = number(&line["after"], "delay_ns");
            assert!(delay_ns.contains(&waited), "{waited}");
        }
    }
}

#[test]
fn sessions_are_numbered_as_they_start_and_each_turn_waits_for_the_one_before() {
    let workload = Lines::of(CHAT);
    let lines = &workload.lines;
    assert_linked(lines, 1_000_000_000..=2_000_000_000);
    let firsts = lines.iter().filter(|line| is_first(line));
    let starts: Vec<u64> = firsts.map(|line| number(line, "at_ns")).collect();
    assert!(starts.is_sorted());
    assert_eq!(workload.compiled["sessions"], starts.len());
    let turns = (0..5).map(|turn| lines.iter().filter(|line| line["turn"] == turn).count());
    let turns: Vec<usize> = turns.collect();
    assert!(
        turns.is_sorted_by(|a, b| a > b),
        "each length occurs: {turns:?}"
    );
    let delays = lines
        .iter()
        .filter_map(|line| line["after"]["delay_ns"].as_u64());
    let delays: std::collections::BTreeSet<u64> = delays.collect();
    assert_eq!(
        delays.len(),
        lines.len() - starts.len(),
        "each turn draws its own"
    );
}

#[test]
fn conversations_of_a_closed_loop_begin_in_slots() {
    let closed = CHAT.replace(
        "{type: poisson, stages: [{rate: 20, duration: 2}]}",
        "{type: concurrent, stages: [{num_requests: 12, concurrency_level: 4}]}",
    );
    let workload = Lines::of(&closed);
    assert_eq!(workload.compiled["sessions"], 12);
    for line in &workload.lines {
        assert_eq!(line["at_ns"], Value::Null);
        assert_eq!(line["after"].is_null(), is_first(line), "{line}");
    }
    assert_eq!(miscounted_in_all(&workload.lines), [0; 0]);
}

/// The body of a live request with a word for every answer, and whose answers they are.
fn with_answers(line: &Value) -> (Value, Vec<u64>) {
    let Some(parts) = line["body_parts"].as_array() else {
        return (body(line), Vec::new());
    };
    let mut whole = String::new();
    let mut answers = Vec::new();
    for part in parts {
        match part.as_str() {
            Some(bytes) => whole += bytes,
            None => {
                answers.push(number(part, "answer_to"));
                whole += &format!("answer {}", number(part, "answer_to"));
            }
        }
    }
    let body = serde_json::from_str(&whole).expect("answers stand inside a text");
    (body, answers)
}

#[test]
fn a_live_turn_takes_the_answers_to_the_earlier_turns_and_nothing_else() {
    let Lines { lines, .. } = Lines::of(&live());
    assert_linked(&lines, 1_000_000_000..=1_000_000_000);
    for line in &lines {
        let (index, turn) = (number(line, "index"), number(line, "turn"));
        assert_eq!(
            line["body"].is_null(),
            turn > 0,
            "bytes are known of first turns only"
        );
        let (body, answers) = with_answers(line);
        let earlier: Vec<u64> = (index - turn..index).collect();
        assert_eq!(answers, earlier);
        let messages = messages(&body);
        assert_eq!(messages.len() as u64, 2 * turn + 1);
        for (position, (role, text)) in messages.iter().enumerate() {
            let assistant = position % 2 == 1;
            assert_eq!(role, if assistant { "assistant" } else { "user" });
            let answer = format!("answer {}", index - turn + position as u64 / 2);
            assert_eq!(*text == answer, assistant, "{text}");
        }
    }
}

#[test]
fn what_users_say_does_not_depend_on_where_answers_come_from() {
    let said = |spec: &str| -> Vec<Value> {
        let Lines { lines, .. } = Lines::of(spec);
        let users = |line: &Value| {
            let messages = messages(&with_answers(line).0);
            let said: Vec<_> = messages
                .into_iter()
                .filter(|(role, _)| role == "user")
                .collect();
            json!([
                said,
                line["input_tokens"],
                line["output_tokens"],
                line["session"]
            ])
        };
        lines.iter().map(users).collect()
    };
    assert_eq!(said(CHAT), said(&live()));
    assert_ne!(
        said(CHAT),
        said(&CHAT.replace("seed: 51", "seed: 52")),
        "control"
    );
}

#[test]
fn input_tokens_add_up_over_the_turns_of_a_live_conversation() {
    let Lines { lines, .. } = Lines::of(&live());
    for (line, next) in pairs(&lines) {
        let (_, said) = messages(&with_answers(next).0).pop().unwrap();
        let before = number(line, "input_tokens") + number(line, "output_tokens");
        assert_eq!(
            number(next, "input_tokens"),
            before + encoded(&said).len() as u64
        );
    }
    assert_eq!(
        lines
            .iter()
            .map(|line| number(line, "index"))
            .collect::<Vec<_>>(),
        counted(lines.len())
    );
}

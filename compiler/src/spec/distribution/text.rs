//! Distributions as text: `128`, `fixed(128)`, `uniform(16, 4096)`,
//! `lognormal(512, 256, min=16, max=4096)`. Only the grammar; what the names and
//! numbers mean is checked where the map form is checked, in `written`.

use nom::branch::alt;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::{char, space0};
use nom::combinator::{all_consuming, opt, verify};
use nom::multi::separated_list0;
use nom::sequence::{delimited, terminated};
use nom::{IResult, Parser};

/// Most arguments of a distribution; no kind has more parameters.
const MAX_ARGUMENTS: usize = 8;

/// `name(arguments)` taken apart; a bare number has no name.
#[derive(Debug, PartialEq, Eq)]
pub struct Call<'a> {
    pub name: Option<&'a str>,
    pub arguments: Vec<Argument<'a>>,
}

/// `256` or `min=16`.
#[derive(Debug, PartialEq, Eq)]
pub struct Argument<'a> {
    pub key: Option<&'a str>,
    pub number: &'a str,
}

/// Takes a text apart; nothing if it is no call and no number.
pub fn parse(text: &str) -> Option<Call<'_>> {
    let bare = argument.map(|argument| Call {
        name: None,
        arguments: vec![argument],
    });
    let (_, call) = all_consuming(alt((call, bare))).parse(text.trim()).ok()?;
    let named_number = call.name.is_none() && call.arguments[0].key.is_some();
    (!named_number).then_some(call)
}

fn call(input: &str) -> IResult<&str, Call<'_>> {
    let arguments = verify(separated_list0(char(','), argument), |list: &Vec<_>| {
        list.len() <= MAX_ARGUMENTS
    });
    let brackets = delimited((char('('), space0), arguments, (space0, char(')')));
    (terminated(word, space0), brackets)
        .map(|(name, arguments)| Call {
            name: Some(name),
            arguments,
        })
        .parse(input)
}

fn argument(input: &str) -> IResult<&str, Argument<'_>> {
    let key = opt(terminated(word, (space0, char('='), space0)));
    delimited(space0, (key, number), space0)
        .map(|(key, number)| Argument { key, number })
        .parse(input)
}

fn word(input: &str) -> IResult<&str, &str> {
    let letters = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let starts_well = |word: &str| word.starts_with(|c: char| c.is_ascii_alphabetic());
    verify(letters, starts_well).parse(input)
}

/// Anything that begins like a number: its digits are read by `quantity`, which
/// knows what to say about them.
fn number(input: &str) -> IResult<&str, &str> {
    let starts_well = |c: char| c.is_ascii_digit() || "+-.".contains(c);
    let shape = take_while(|c: char| c.is_ascii_alphanumeric() || "+-.µ".contains(c));
    verify(shape, move |text: &str| text.starts_with(starts_well)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let call = parse(text)?;
        let argument = |a: &Argument| format!("{}={}", a.key.unwrap_or("_"), a.number);
        let arguments: Vec<String> = call.arguments.iter().map(argument).collect();
        Some(format!(
            "{}:{}",
            call.name.unwrap_or("_"),
            arguments.join(",")
        ))
    }

    #[test]
    fn calls_come_apart() {
        for (text, parts) in [
            ("128", Some("_:_=128")),
            (" 128 ", Some("_:_=128")),
            ("fixed(128)", Some("fixed:_=128")),
            ("uniform ( 16 , 4096 )", Some("uniform:_=16,_=4096")),
            (
                "lognormal(512, 256.5, min=16, max = 4096)",
                Some("lognormal:_=512,_=256.5,min=16,max=4096"),
            ),
            ("normal()", Some("normal:")),
            ("fixed(-1e3)", Some("fixed:_=-1e3")),
            ("normal(2s, 500µs)", Some("normal:_=2s,_=500µs")),
            ("1.5h", Some("_:_=1.5h")),
            ("", None),
            ("fixed", None),
            ("fixed(", None),
            ("fixed(1))", None),
            ("fixed(1,)", None),
            ("fixed(a)", None),
            ("min=3", None),
            ("f(1,1,1,1,1,1,1,1,1)", None),
        ] {
            assert_eq!(shown(text).as_deref(), parts, "{text:?}");
        }
    }
}

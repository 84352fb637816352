//! Input and output lengths that are drawn together, in AIPerf's syntax:
//! `256|10,128|5:40;512,256:60` is 40 % of requests with 256 ± 10 tokens in and 128 ± 5 out, and
//! 60 % with 512 and 256. Refuses shares that do not sum to 100 %.

use nom::bytes::complete::take_while1;
use nom::character::complete::{char, space0};
use nom::combinator::{all_consuming, opt};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::unit::TOKENS;
use crate::samplers::{Distribution, Pair, PairDistribution, Shape};
use crate::spec::error::SpecError;
use crate::spec::fields::Cursor;
use crate::spec::quantity::{self, MILLION, QuantityError};

/// Most pairs.
const MAX_PAIRS: usize = 10_000;
/// 100 %, in 10^-6 of a percent.
const ALL: u64 = 100 * MILLION;
/// What the shares may miss it by together, for thirds and the like.
const TOLERANCE: u64 = 100;

const EXAMPLE: &str = "write `input|std_dev,output|std_dev:percent`, one for each pair with `;` \
     between them, like `256|10,128|5:40;512,256:60`";

/// A pair taken apart.
struct Written<'a> {
    input: Length<'a>,
    output: Length<'a>,
    percent: &'a str,
}

/// A mean, and perhaps a standard deviation.
struct Length<'a> {
    mean: &'a str,
    std_dev: Option<&'a str>,
}

/// The pairs at `cursor`.
pub fn read(cursor: &Cursor<'_>) -> Result<PairDistribution, SpecError> {
    let text = cursor.text()?;
    let Ok((_, written)) = all_consuming(separated_list1(char(';'), pair)).parse(text) else {
        return Err(cursor.error(format!("`{text}` is not a list of pairs"), EXAMPLE));
    };
    if written.len() > MAX_PAIRS {
        let what = format!("{} pairs are more than {MAX_PAIRS}", written.len());
        return Err(cursor.error(what, "put similar ones together"));
    }
    let pairs: Vec<Pair> = written
        .iter()
        .map(|pair| build(pair, cursor))
        .collect::<Result<_, _>>()?;
    let sum: u64 = pairs.iter().map(|pair| pair.weight).sum();
    if sum.abs_diff(ALL) > TOLERANCE {
        let sum = quantity::decimal_text(sum, MILLION);
        let what = format!("the shares sum to {sum} %, not to 100 %");
        return Err(cursor.error(what, "change the numbers behind the colons"));
    }
    PairDistribution::new(pairs).map_err(|error| cursor.error(error.to_string(), EXAMPLE))
}

fn build(pair: &Written<'_>, cursor: &Cursor<'_>) -> Result<Pair, SpecError> {
    let percent = quantity::millionths(pair.percent).and_then(|percent| match percent {
        0 => Err(QuantityError::NotPositive(pair.percent.to_owned())),
        percent if percent > ALL => Err(QuantityError::TooLarge {
            text: pair.percent.to_owned(),
            limit: "100".to_owned(),
        }),
        percent => Ok(percent),
    });
    Ok(Pair {
        input: length(&pair.input, cursor)?,
        output: length(&pair.output, cursor)?,
        weight: percent.map_err(|error| cursor.quantity_error(&error, "a percentage, like 40"))?,
    })
}

/// Fixed, or normal with the limits that tokens have.
fn length(length: &Length<'_>, cursor: &Cursor<'_>) -> Result<Distribution, SpecError> {
    let wrong = |error: QuantityError| cursor.quantity_error(&error, TOKENS.value_example);
    let fixed = TOKENS.value(length.mean).map_err(wrong)?;
    let std_dev = length.std_dev.map_or(Ok(0.0), |text| TOKENS.real(text));
    let std_dev = std_dev.map_err(wrong)?;
    if std_dev == 0.0 {
        return Ok(Distribution::fixed(fixed));
    }
    let mean = fixed as f64;
    Distribution::new(Shape::Normal { mean, std_dev }, TOKENS.min, TOKENS.max)
        .map_err(|error| cursor.error(error.to_string(), EXAMPLE))
}

fn pair(input: &str) -> IResult<&str, Written<'_>> {
    (
        one_length,
        preceded(char(','), one_length),
        preceded(char(':'), number),
    )
        .map(|(input, output, percent)| Written {
            input,
            output,
            percent,
        })
        .parse(input)
}

fn one_length(input: &str) -> IResult<&str, Length<'_>> {
    (number, opt(preceded(char('|'), number)))
        .map(|(mean, std_dev)| Length { mean, std_dev })
        .parse(input)
}

/// Anything like a number: `quantity` knows what to say about its digits.
fn number(input: &str) -> IResult<&str, &str> {
    let shape = take_while1(|c: char| c.is_ascii_alphanumeric() || "+-.".contains(c));
    delimited(space0, shape, space0).parse(input)
}

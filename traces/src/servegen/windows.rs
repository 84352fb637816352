//! `chunk-<i>-trace.csv`: no header, and in each row the start of a window in seconds, requests a
//! second, their coefficient of variation, `Gamma`, `Weibull` or nothing, shape and scale.
//!
//! Refuses windows that overlap or run backwards. Coefficient and scale follow from the rest:
//! they must be numbers, and are not used.

use std::io::{BufRead, BufReader, Read};

use super::{Family, WINDOW_S, Window};
use crate::TraceError;
use crate::accounting::{Accounting, DropReason};
use crate::decimal::{Rounding, scaled, whole};
use crate::limits::{MAX_CSV_LINE_BYTES, MAX_ROWS};
use crate::place::quote;
use crate::source::Source;
use crate::stored::Fingerprint;

const SHAPE_OF_ROW: &str = "write start, rate, cv, Gamma or Weibull or nothing, shape and scale";
const NO_NUMBER: &str = "not a number from 0";

/// One row at a time, for messages.
struct Place<'a> {
    file: &'a str,
    line: u64,
    row: u32,
}

impl Place<'_> {
    fn error(&self, what: String, help: &'static str) -> TraceError {
        TraceError::Window {
            file: self.file.to_owned(),
            line: self.line,
            row: self.row,
            what,
            help,
        }
    }
}

/// Reads one client's windows and enters every row into `accounting`.
pub fn read(
    reader: impl Read,
    file: &str,
    accounting: &mut Accounting,
) -> Result<(Vec<Window>, Fingerprint), TraceError> {
    let mut reader = BufReader::new(Source::open(reader, file, MAX_CSV_LINE_BYTES)?);
    let (mut windows, mut text) = (Vec::new(), Vec::new());
    let (mut line, mut row) = (0, 0);
    let mut earliest_s = 0;
    loop {
        text.clear();
        reader.get_mut().begin_record();
        match reader.read_until(b'\n', &mut text) {
            Ok(0) => break,
            Ok(_) => line += 1,
            Err(error) => return Err(reader.get_ref().error(error, line + 1)),
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let place = Place { file, line, row };
        let (start_s, window) = parse(&text, &place)?;
        if start_s < earliest_s {
            let what = format!("it starts at {start_s} s, before {earliest_s} s");
            return Err(place.error(what, "windows last 600 s and stand in order of time"));
        }
        earliest_s = start_s.saturating_add(WINDOW_S);
        enter(window, accounting, &mut windows);
        row += 1;
        if row == MAX_ROWS {
            let (file, limit) = (file.to_owned(), MAX_ROWS);
            return Err(TraceError::TooManyRows { file, line, limit });
        }
    }
    Ok((windows, reader.into_inner().finish()))
}

fn enter(
    window: Result<Window, DropReason>,
    accounting: &mut Accounting,
    windows: &mut Vec<Window>,
) {
    let row = accounting.rows_read;
    accounting.rows_read += 1;
    match window {
        Ok(window) => {
            accounting.emitted += 1;
            windows.push(window);
        }
        Err(reason) => accounting.drop_row(reason, row),
    }
}

/// The start of a row's window, and the window or why there is none.
fn parse(text: &[u8], place: &Place) -> Result<(u64, Result<Window, DropReason>), TraceError> {
    let fields: Vec<&[u8]> = text.split(|&byte| byte == b',').collect();
    let [start, rate, cv, family, shape, scale] = fields[..] else {
        let what = format!("it has {} fields, not 6", fields.len());
        return Err(place.error(what, SHAPE_OF_ROW));
    };
    let wrong = |name: &str, field: &[u8], why: &str| {
        let what = format!("{name}: \"{}\" is {why}", quote(field.trim_ascii()));
        place.error(what, SHAPE_OF_ROW)
    };
    let start_s = whole(start.trim_ascii()).filter(|&start_s| start_s < u64::MAX);
    let start_s = start_s.ok_or_else(|| wrong("start", start, "not a whole number of seconds"))?;
    let rate_microhertz = scaled(rate.trim_ascii(), 6, Rounding::HalfUp);
    let rate_microhertz = rate_microhertz.map_err(|_| wrong("rate", rate, NO_NUMBER))?;
    for (name, field) in [("cv", cv), ("scale", scale)] {
        number(field).ok_or_else(|| wrong(name, field, NO_NUMBER))?;
    }
    let shape_number = number(shape).ok_or_else(|| wrong("shape", shape, NO_NUMBER))?;
    let family = match family.trim_ascii() {
        b"Gamma" => Family::Gamma,
        b"Weibull" => Family::Weibull,
        b"" if rate_microhertz == 0 => return Ok((start_s, Err(DropReason::Idle))),
        b"" => return Ok((start_s, Err(DropReason::NoPattern))),
        _ => return Err(wrong("family", family, "neither Gamma nor Weibull")),
    };
    if rate_microhertz == 0 {
        return Ok((start_s, Err(DropReason::ZeroRate)));
    }
    if shape_number <= 0.0 {
        return Err(wrong("shape", shape, "not above 0"));
    }
    let window = Window {
        start_s,
        rate_microhertz,
        family,
        shape: shape_number,
    };
    Ok((start_s, Ok(window)))
}

/// A finite number from 0. Parsing a float is correctly rounded, on every machine alike.
fn number(field: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(field.trim_ascii()).ok()?;
    // The decimal parser knows no inf, NaN or sign.
    scaled(text.as_bytes(), 0, Rounding::HalfUp).ok()?;
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

//! Tables with commas between the cells (RFC 4180, but with a plain line feed): each record, each
//! second, each session.
//!
//! What is not known is an empty cell. Refuses to leave a text unquoted that would end its cell.

use crate::analysis::report::line::Line;
use crate::analysis::run_data::RunData;
use crate::analysis::series::{Second, per_second};
use crate::analysis::sessions;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};

/// Columns of a record: those of its JSON line but `token_times`, of which there may be thousands.
const REQUEST: &str = "index,scheduled_ns,sent_ns,body_written_ns,first_byte_ns,first_token_ns,\
    last_token_ns,end_ns,cancel_due_ns,cancel_error_ns,lag_ns,outcome,http_status,error_class,\
    events,bytes,input_tokens,output_tokens,usage_input,usage_output,connection,new_connection,\
    worker,target,stage,model,adapter,session,turn,population,leaf,sent_sha256";

/// Columns of a second: the fields of [`Second`].
const SECOND: &str = "at_s,warm_up,due,sent,ok,failed,not_sent,in_flight_mean,in_flight_max,\
    tokens_out,ttft_p50_s,ttft_p99_s,latency_p50_s,latency_p99_s,lag_p50_s,lag_p99_s,lag_max_s";

/// Columns of a session.
const SESSION: &str = "session,turns,sent,ok,cancelled,complete,first_sent_ns,last_end_ns,\
    duration_ns,output_tokens";

/// Writes a row for each record, believed or not, by request index.
pub fn requests(data: &RunData, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(REQUEST, out)?;
    for place in data.places() {
        let result = data.file.at(place).map_err(io::Error::other)?;
        request(&mut table, &Line::of(data, &result))?;
        table.end_row()?;
    }
    table.finish()
}

/// Writes a row for each second from t0 to the last event.
pub fn series(data: &RunData, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(SECOND, out)?;
    for second in per_second(data) {
        self::second(&mut table, &second)?;
        table.end_row()?;
    }
    table.finish()
}

/// Writes a row for each session of which a request is measured.
pub fn sessions(data: &RunData, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(SESSION, out)?;
    for session in sessions::list(data) {
        table.text(data.string(session.id))?;
        table.value(Some(session.turns))?;
        table.value(Some(session.sent))?;
        table.value(Some(session.ok))?;
        table.value(Some(session.cancelled))?;
        table.value(Some(session.is_complete()))?;
        table.value(session.first_sent_ns)?;
        table.value(session.last_end_ns)?;
        table.value(session.duration_ns())?;
        table.value(Some(session.output_tokens))?;
        table.end_row()?;
    }
    table.finish()
}

fn request(table: &mut Table<'_>, line: &Line<'_>) -> io::Result<()> {
    table.value(Some(line.index))?;
    table.value(line.scheduled_ns)?;
    table.value(line.sent_ns)?;
    table.value(line.body_written_ns)?;
    table.value(line.first_byte_ns)?;
    table.value(line.first_token_ns)?;
    table.value(line.last_token_ns)?;
    table.value(line.end_ns)?;
    table.value(line.cancel_due_ns)?;
    table.value(line.cancel_error_ns)?;
    table.value(line.lag_ns)?;
    table.text(line.outcome)?;
    table.value(line.http_status)?;
    table.text(line.error_class)?;
    table.value(line.events)?;
    table.value(line.bytes)?;
    table.value(line.input_tokens)?;
    table.value(line.output_tokens)?;
    table.value(line.usage_input)?;
    table.value(line.usage_output)?;
    table.value(line.connection)?;
    table.value(line.new_connection)?;
    table.value(Some(line.worker))?;
    table.value(Some(line.target))?;
    table.value(Some(line.stage))?;
    table.text(line.model)?;
    table.text(line.adapter)?;
    table.text(line.session)?;
    table.value(line.turn)?;
    table.text(line.population)?;
    table.text(Some(&line.leaf))?;
    table.text(line.sent_sha256.as_deref())
}

fn second(table: &mut Table<'_>, second: &Second) -> io::Result<()> {
    table.value(Some(second.at_s))?;
    table.value(Some(second.warm_up))?;
    table.value(Some(second.due))?;
    table.value(Some(second.sent))?;
    table.value(Some(second.ok))?;
    table.value(Some(second.failed))?;
    table.value(Some(second.not_sent))?;
    table.value(Some(second.in_flight_mean))?;
    table.value(Some(second.in_flight_max))?;
    table.value(Some(second.tokens_out))?;
    table.value(second.ttft_p50_s)?;
    table.value(second.ttft_p99_s)?;
    table.value(second.latency_p50_s)?;
    table.value(second.latency_p99_s)?;
    table.value(second.lag_p50_s)?;
    table.value(second.lag_p99_s)?;
    table.value(second.lag_max_s)
}

/// Rows of cells.
struct Table<'a> {
    out: BufWriter<&'a mut dyn Write>,
    is_first_cell: bool,
}

impl<'a> Table<'a> {
    /// Writes the names of the columns.
    fn new(columns: &str, out: &'a mut dyn Write) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        writeln!(out, "{columns}")?;
        Ok(Table {
            out,
            is_first_cell: true,
        })
    }

    fn separate(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.is_first_cell) {
            true => Ok(()),
            false => self.out.write_all(b","),
        }
    }

    /// A number or a truth value: it needs no quotes.
    fn value(&mut self, value: Option<impl Display>) -> io::Result<()> {
        self.separate()?;
        value.map_or(Ok(()), |value| write!(self.out, "{value}"))
    }

    fn text(&mut self, text: Option<&str>) -> io::Result<()> {
        self.separate()?;
        self.out
            .write_all(quoted(text.unwrap_or_default()).as_bytes())
    }

    fn end_row(&mut self) -> io::Result<()> {
        self.is_first_cell = true;
        self.out.write_all(b"\n")
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A text as a cell.
fn quoted(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_break_a_cell_is_quoted() {
        for (text, cell) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("\r", "\"\r\""),
            (" blank é ", " blank é "),
        ] {
            assert_eq!(quoted(text), cell);
        }
    }

    #[test]
    fn cells_stand_between_commas_and_none_is_empty() {
        let mut out = Vec::new();
        let mut table = Table::new("a,b,c", &mut out).unwrap();
        table.value(None::<u64>).unwrap();
        table.text(Some("x,")).unwrap();
        table.value(Some(-1.5)).unwrap();
        table.end_row().unwrap();
        table.value(Some(true)).unwrap();
        table.finish().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,b,c\n,\"x,\",-1.5\ntrue");
    }
}

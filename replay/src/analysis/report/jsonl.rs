//! One JSON object a line for each record, by request index.
//!
//! Writes what is recorded, believed or not: a doubled record is two lines.

use crate::analysis::report::line::Line;
use crate::analysis::run_data::RunData;
use std::io::{self, BufWriter, Write};

/// Writes a line for each record.
pub fn write(data: &RunData, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    for place in data.places() {
        let result = data.file.at(place).map_err(io::Error::other)?;
        serde_json::to_writer(&mut out, &Line::of(data, &result))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

//! The summary as indented JSON, byte for byte what `summary.json` holds.

use crate::analysis::Summary;
use std::io::{self, Write};

/// Writes the summary and a line end.
pub fn write(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, summary)?;
    out.write_all(b"\n")
}

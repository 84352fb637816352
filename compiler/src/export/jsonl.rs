//! One JSON object a request: the lines of `wlc inspect --requests --bodies --json`.

use super::{Account, ExportError};
use crate::verbs::inspect::request_json;
use schemas::reader::Workload;
use std::io::Write;

/// What no line says.
pub const NEVER: &str = "stages, salt and manifest";

/// Writes every request.
///
/// # Errors
/// A body that is not UTF-8 is refused as `wlc inspect` refuses it.
pub fn write(workload: &Workload, out: &mut dyn Write) -> Result<Account, ExportError> {
    let mut account = Account::default();
    for index in 0..workload.requests().len() as u64 {
        writeln!(out, "{}", request_json(workload, index, true)?)?;
        account.written += 1;
    }
    Ok(account)
}

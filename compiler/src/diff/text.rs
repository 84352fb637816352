//! A difference in words.

use super::{ColumnDifference, Diff, SpecDifference};
use serde_json::Value;
use std::io::{self, Write};

/// Longest value, in characters.
const SHOWN: usize = 80;

impl Diff {
    /// Writes it for people, who know the two files by these names.
    ///
    /// # Errors
    /// What `out` says.
    pub fn text(&self, names: [&str; 2], out: &mut dyn Write) -> io::Result<()> {
        let [a, b] = names;
        writeln!(out, "A              {a}")?;
        writeln!(out, "B              {b}")?;
        if self.equal {
            writeln!(out, "content hash   {} in both", self.content_hash[0])?;
            writeln!(
                out,
                "equal: both fire the same {} requests",
                self.requests[0]
            )?;
        } else {
            writeln!(out, "content hash   A {}", self.content_hash[0])?;
            writeln!(out, "               B {}", self.content_hash[1])?;
            writeln!(out, "they differ:")?;
        }
        self.manifest_text(out)?;
        for stage in &self.stages {
            let values = pair(&stage.values);
            writeln!(out, "stage {}: {} {values}", stage.stage, stage.column)?;
        }
        self.requests_text(out)?;
        self.notes_text(out)
    }

    fn manifest_text(&self, out: &mut dyn Write) -> io::Result<()> {
        for difference in &self.spec {
            writeln!(out, "{}", in_words(difference))?;
        }
        if self.spec_left_out > 0 {
            writeln!(out, "and {} more in the manifest", self.spec_left_out)?;
        }
        Ok(())
    }

    fn requests_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let common = self.requests[0].min(self.requests[1]);
        if self.requests_differing > 0 {
            write!(
                out,
                "requests: {} of {common} differ",
                self.requests_differing
            )?;
            writeln!(out, ", the first is {}", self.first_differing.unwrap_or(0))?;
        }
        for column in &self.columns {
            column_text(column, out)?;
        }
        for (name, only) in ["A", "B"].iter().zip(self.only_in) {
            if only > 0 {
                writeln!(out, "only in {name}: {only} requests, from {common} on")?;
            }
        }
        Ok(())
    }

    fn notes_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let is_same_file = self.file_hash[0] == self.file_hash[1];
        if self.requests[0] != self.requests[1] && self.requests_differing > 0 {
            let note = "requests are compared by index: one more or less shifts all behind it";
            writeln!(out, "note: {note}")?;
        }
        if self.layout_differs {
            writeln!(out, "note: the same content is laid out in other bytes")?;
        }
        if self.equal && !self.spec.is_empty() {
            writeln!(
                out,
                "note: only the manifests differ in what they say of it"
            )?;
        }
        if is_same_file {
            writeln!(out, "note: the files are equal byte for byte")?;
        }
        Ok(())
    }
}

fn in_words(difference: &SpecDifference) -> String {
    let key = plain(&difference.key);
    let place = match difference.line {
        Some(line) => format!("spec, line {line}:"),
        None => key,
    };
    match &difference.values {
        [Value::Array(a), Value::Array(b)] => {
            let only = |a: &[Value], b: &[Value]| {
                let only: Vec<Value> = a.iter().filter(|v| !b.contains(v)).cloned().collect();
                shown(&only.into())
            };
            format!("{place} only in A {}, only in B {}", only(a, b), only(b, a))
        }
        values => format!("{place} {}", pair(values)),
    }
}

fn column_text(column: &ColumnDifference, out: &mut dyn Write) -> io::Result<()> {
    let ColumnDifference {
        column,
        requests,
        examples,
    } = column;
    writeln!(out, "  {column}: in {requests}")?;
    for example in examples {
        let values = match column.as_str() {
            "body" => bodies(&example.values),
            _ => pair(&example.values),
        };
        writeln!(out, "    request {}: {values}", example.request)?;
    }
    Ok(())
}

fn bodies(values: &[Value; 2]) -> String {
    let [a, b] = values.each_ref().map(|body| &body["bytes"]);
    format!(
        "{a} bytes, {b} bytes, other from byte {} on",
        values[0]["at"]
    )
}

fn pair(values: &[Value; 2]) -> String {
    let [a, b] = values.each_ref().map(shown);
    format!("{a} → {b}")
}

/// A value on one line of bounded length.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        value => plain(&value.to_string()),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Without anything that a terminal would follow: the files may come from anybody.
fn plain(text: &str) -> String {
    let plain = |c: char| match c.is_control() {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    text.chars().map(plain).collect()
}

//! Holds `WORKLOAD.md` and `RESULTS.md` against the program: a table, a hash or a byte that is
//! changed on one side only fails here. Tables are found by the `<!-- … -->` line above them.

mod audit;
mod encoding;
mod example;
mod layout;
mod results;
mod sweep;

const WORKLOAD: &str = include_str!("../../WORKLOAD.md");
const RESULTS: &str = include_str!("../../RESULTS.md");

/// The rows of the table under `<!-- marker -->`, without its two head lines.
fn table(document: &'static str, marker: &str) -> Vec<Vec<&'static str>> {
    let line = format!("<!-- {marker} -->\n");
    let (_, rest) = document
        .split_once(&line)
        .unwrap_or_else(|| panic!("no table {marker:?}"));
    let rows = rest.lines().take_while(|line| line.starts_with('|'));
    rows.skip(2)
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// The lines of the code block that `opening` opens or stands right above.
fn block(document: &'static str, opening: &str) -> Vec<&'static str> {
    let (_, rest) = document
        .split_once(opening)
        .unwrap_or_else(|| panic!("no block {opening:?}"));
    rest.lines()
        .skip(1)
        .take_while(|line| !line.starts_with("```"))
        .collect()
}

/// The digest in the line of a block that begins with `name`.
fn digest(lines: &[&str], name: &str) -> String {
    let line = lines
        .iter()
        .find_map(|line| line.strip_prefix(name))
        .expect(name);
    line.split_whitespace().next().expect("a digest").to_owned()
}

fn bytes_of(hexes: &str) -> Vec<u8> {
    let digits = hexes.split_whitespace();
    digits
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

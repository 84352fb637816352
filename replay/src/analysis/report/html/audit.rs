//! The page of an audit: the outcome and what follows from it, the table, and where answers part.

use super::escape::Escaped;
use super::number::UNKNOWN;
use super::page::Page;
use super::tables::{Head, Row, Table, facts, head};
use crate::analysis::audit::property::{PropertyRow, Word as Seen};
use crate::analysis::audit::{Audit, Kept};
use crate::analysis::report::text::audit as text;
use crate::analysis::verdict::Word;
use std::io::{self, Write};

/// Writes the report of an audit.
pub fn write_audit(audit: &Audit, out: &mut dyn Write) -> io::Result<()> {
    let hash: String = audit.content_hash.chars().take(12).collect();
    let beside = format!("workload {hash} · {}", text::requests(audit));
    let mut page = Page::new("Seed audit", &beside);
    let (name, colour) = match audit.outcome {
        Kept::Kept => ("KEPT", Word::Valid),
        Kept::Broken => ("BROKEN", Word::Invalid),
        Kept::Unproven => ("UNPROVEN", Word::Degraded),
    };
    let findings = audit.findings.iter();
    let findings: Vec<(&str, String)> = findings
        .map(|finding| (finding.id, finding.text.clone()))
        .collect();
    page.named_band(name, colour, &text::meaning(audit), &findings);
    let note = "a comparison that says nothing counts neither as passed nor as failed; the last column is an exact binomial bound with a confidence of 95 %, for comparisons that are independent of each other";
    page.table("Properties", note, &properties(&audit.properties));
    for row in &audit.properties {
        if let Some(example) = &row.counter_example {
            let title = text::heading(row, example);
            let lines = text::difference(example).join("\n");
            page.push(&format!(
                "<section class=\"card\"><h3>{}</h3><pre>{}</pre></section>",
                Escaped(&title),
                Escaped(&lines)
            ));
        }
    }
    page.push(&format!(
        "<section class=\"card\"><h3>Provenance</h3>{}</section>",
        facts(&provenance(audit))
    ));
    page.write("replay: seed audit", out)
}

fn properties(rows: &[PropertyRow]) -> Table {
    let mut heads = ["", "", "passed", "failed", "inconclusive"]
        .map(head)
        .to_vec();
    heads.push(Head {
        text: "of such comparisons",
        hint: "one-sided Clopper-Pearson limit",
    });
    Table {
        heads,
        rows: rows.iter().map(property).collect(),
    }
}

fn property(row: &PropertyRow) -> Row {
    let (word, class) = match row.word {
        Seen::Holds => ("holds", ""),
        Seen::Fails => ("FAILS", "bad"),
        Seen::Unknown => ("unknown", "faint"),
    };
    Row {
        class,
        cells: vec![
            row.name(),
            word.to_owned(),
            row.passes.to_string(),
            row.failures.to_string(),
            row.inconclusive.total().to_string(),
            text::bound(row),
        ],
        ..Row::default()
    }
}

fn provenance(audit: &Audit) -> [(&'static str, String); 4] {
    let chance = &audit.continuity;
    let chance_at_most = chance.chance_at_most;
    let limit = chance_at_most.map_or(UNKNOWN.to_owned(), |limit| format!("{limit:.4}"));
    [
        ("content hash", audit.content_hash.clone()),
        ("probes", text::probes(audit)),
        ("requests", text::requests(audit)),
        (
            "a token repeats by chance",
            format!(
                "{} of {} without a seed; reckoned with: {limit}",
                chance.repeats, chance.of
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::audit::made::broken;

    fn page(said: &str) -> String {
        let mut out = Vec::new();
        write_audit(&broken(said), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_page_has_the_table_the_diffs_and_the_findings() {
        let page = page(" so");
        for part in [
            "<b>BROKEN</b> 2 of 4 properties were seen broken",
            "<span class=\"level errors\">errors</span> 1 of 20 requests:  so",
            "<th scope=\"row\">isolation, 5</th><td>FAILS</td><td>0</td><td>1</td>",
            "<td>nothing is claimed; 1 × no answer to compare</td>",
            "- &quot; so&quot;\n+ &quot; so so&quot;</pre>",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    #[test]
    fn nothing_that_a_server_says_is_markup() {
        let hostile = "</pre><script>alert(1)</script><img src=x onerror='a' alt=\"b\">&\u{202e}";
        let tags = |page: &str| page.matches('<').count();
        let page = page(hostile);
        assert_eq!(tags(&page), tags(&self::page(" so")));
        assert!(
            page.contains("&lt;/pre&gt;&lt;script&gt;alert(1)"),
            "{page}"
        );
    }
}

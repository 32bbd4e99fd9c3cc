//! Parts of a configuration as text, for a person to paste.

use std::fmt::Write;

use crate::model::{Outline, SourceId};

/// Returns the `[[source]]` table of a subscription, under an id.
pub fn source_table(id: &SourceId, outline: &Outline) -> String {
    let mut table = format!(
        "[[source]]\nid = {}\nurl = {}\n",
        quoted(id.as_str()),
        quoted(outline.url.as_str())
    );
    if let Some(title) = &outline.title {
        table.extend(["title = ", &quoted(title), "\n"]);
    }
    if !outline.tags.is_empty() {
        let tags: Vec<String> = outline.tags.iter().map(|tag| quoted(tag)).collect();
        table.extend(["tags = [", &tags.join(", "), "]\n"]);
    }
    table
}

/// Writes a basic string of TOML.
///
/// SECURITY: the text is a stranger's. Nothing in it ends the string or the line, and what a
/// terminal would obey or a reader would not see is written by its number.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_unseen(c) => drop(write!(out, "\\U{:08X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_table_is_written_as_a_person_would() {
        let outline = Outline {
            id: None,
            title: Some("The \"Wire\" \\ é\n\u{1b}[31m\u{202e}".to_owned()),
            url: "https://wire.example.org/feed?a=1".parse().unwrap(),
            site: None,
            tags: vec!["world".to_owned(), "a\"]\nb = 1".to_owned()],
        };
        assert_eq!(
            source_table(&SourceId::new("wire").unwrap(), &outline),
            "[[source]]\nid = \"wire\"\nurl = \"https://wire.example.org/feed?a=1\"\n\
             title = \"The \\\"Wire\\\" \\\\ é\\n\\U0000001B[31m\\U0000202E\"\n\
             tags = [\"world\", \"a\\\"]\\nb = 1\"]\n"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_quoted_text_reads_back_the_same(text in any::<String>()) {
            let line = format!("key = {}", quoted(&text));
            let table = toml::de::DeTable::parse(&line).unwrap();
            let (_, value) = table.get_ref().iter().next().unwrap();
            prop_assert_eq!(value.get_ref().as_str(), Some(text.as_str()));
            prop_assert_eq!(line.lines().count(), 1);
        }
    }
}

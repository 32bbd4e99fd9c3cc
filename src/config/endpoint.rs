//! `[enrich.model]`: the language model that may be asked for briefs.

use std::time::Duration;

use toml::de::DeTable;
use url::Url;

use super::access::bearer;
use super::sections::base_url;
use super::table::Table;
use super::{LanguageModel, Place};
use crate::model::Access;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// Reads the section; `None` where there is none.
pub(super) fn read<'t>(
    enrich: &mut Table<'_, 't>,
    place: &Place,
    none: &'t DeTable<'t>,
) -> Option<LanguageModel> {
    let before = enrich.mistakes();
    let mut table = enrich.section("model", none);
    let is_given = enrich.has("model") && enrich.mistakes() == before;
    let accepted = "the address of an OpenAI-compatible API, such as \"http://127.0.0.1:11434/v1\", \
                    is accepted";
    let url = table.parsed("url", accepted, call);
    let accepted = "a name of at most 100 characters, such as \"qwen3:8b\", is accepted";
    let model = table.parsed("model", accepted, |name| {
        let is_plain = !name.trim().is_empty() && !name.chars().any(char::is_control);
        (is_plain && name.chars().count() <= 100).then(|| name.trim().to_owned())
    });
    let mut access = Access::default();
    if let Some(file) = table.string("key_file") {
        access.auth = bearer(&table, "key_file", &file, (place, &mut access));
    }
    let accepted = "\"source\", or a language code such as \"en\", is accepted";
    let lang = table.parsed("lang", accepted, |code| match code {
        "source" => Some(None),
        code => {
            let is_code = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric());
            let primary = code.split('-').next().unwrap_or_default();
            let fits = (2..=3).contains(&primary.len())
                && primary.chars().all(|c| c.is_ascii_lowercase())
                && code.split('-').all(|part| (1..=8).contains(&part.len()) && is_code(part));
            fits.then(|| Some(code.to_owned()))
        }
    });
    let timeout = table.duration("timeout", 2 * MINUTE, SECOND..=30 * MINUTE);
    let item_tokens = table.integer("item_tokens", 8_000, 3_000..=1_000_000);
    let tokens_a_day = table.integer("tokens_a_day", 200_000, 1..=1_000_000_000_000);
    let requests_a_day = table.integer("requests_a_day", 500, 1..=1_000_000);
    let queue = table.integer("queue", 10_000, 1..=100_000);
    if is_given {
        for (key, such) in
            [("url", "`url = \"http://127.0.0.1:11434/v1\"`"), ("model", "`model = \"qwen3:8b\"`")]
        {
            table.require(key, &format!("an endpoint needs one, such as {such}"));
        }
    }
    table.finish();
    Some(LanguageModel {
        url: url?.value,
        model: model?.value,
        access,
        lang: lang.and_then(|found| found.value),
        timeout,
        item_tokens,
        tokens_a_day,
        requests_a_day,
        queue,
    })
}

/// Returns the address of the one call of an API that is used.
fn call(text: &str) -> Option<Url> {
    let base = base_url(text)?;
    Url::parse(&format!("{}/chat/completions", base.as_str().trim_end_matches('/'))).ok()
}

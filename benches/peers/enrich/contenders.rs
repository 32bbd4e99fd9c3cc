//! Who is measured, each as its documentation tells to call it.

use std::hint::black_box;

use briefwire::enrich::{self, Measure, extract};
use keyword_extraction::text_rank::{TextRank, TextRankParams};
use yake_rust::{Config, StopWords, get_n_best};

use crate::corpus::Article;

const KEY_TERMS: usize = 10;
const WORDS_OF_A_TERM: usize = 3;

pub(crate) struct Contender {
    /// As `--only` takes it.
    pub(crate) name: &'static str,
    pub(crate) makes: &'static str,
    pub(crate) run: Box<dyn Fn(&Article)>,
}

/// Returns all contenders, ours first, with what they read once already read.
pub(crate) fn all() -> anyhow::Result<Vec<Contender>> {
    Ok(vec![
        // The others are told the language by their stop words.
        briefwire("briefwire", Some("en"), "summary, key terms"),
        briefwire("briefwire-detecting", None, "and the language"),
        yake()?,
        text_rank(),
    ])
}

fn briefwire(name: &'static str, lang: Option<&'static str>, makes: &'static str) -> Contender {
    let run = move |article: &Article| {
        let article =
            enrich::Article { lang, ..enrich::Article::new(&article.title, &article.text) };
        black_box(extract(&article, Measure::default()));
    };
    Contender { name, makes, run: Box::new(run) }
}

fn yake() -> anyhow::Result<Contender> {
    let Some(stop_words) = StopWords::predefined("en") else {
        anyhow::bail!("yake-rust was built without English stop words");
    };
    let config = Config { ngrams: WORDS_OF_A_TERM, ..Config::default() };
    let run = move |article: &Article| {
        black_box(get_n_best(KEY_TERMS, &article.whole, &stop_words, &config));
    };
    Ok(Contender { name: "yake-rust", makes: "key terms", run: Box::new(run) })
}

fn text_rank() -> Contender {
    let stop_words = stop_words::lookup("en").unwrap_or_default();
    let stop_words: Vec<String> = stop_words.iter().map(|word| (*word).to_owned()).collect();
    let run = move |article: &Article| {
        let most_words = Some(WORDS_OF_A_TERM);
        let parameters =
            TextRankParams::WithDefaultsAndPhraseLength(&article.whole, &stop_words, most_words);
        black_box(TextRank::new(parameters).get_ranked_phrases(KEY_TERMS));
    };
    Contender { name: "textrank", makes: "key terms", run: Box::new(run) }
}

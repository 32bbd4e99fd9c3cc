//! tantivy, a search engine as a library: an index in memory, one segment, one thread that asks.
//!
//! Words are reduced as in its `en_stem`. An item is asked for twice: with all of its words, and
//! without stop words, which briefwire does not look up either. A query of many words in five fields
//! is costly, and so is leaving out what cannot be among the best: an index with all of a brief in
//! one field and a query that leaves out nothing are measured, too.

use std::collections::BTreeSet;
use std::hint::black_box;

use briefwire::model::{Brief, ItemText};
use briefwire::text::first_words;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{
    Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter, TextAnalyzer,
};
use tantivy::{
    DocId, Index, IndexWriter, ReloadPolicy, Score, Searcher, SegmentReader, TantivyDocument, Term,
};

use crate::measure::{mean, of_process, resident, rounds, timed};
use crate::texts::Texts;
use crate::{BEST, ITEMS, LEAD_WORDS};

pub(crate) const FIELDS: [&str; 5] = ["title", "key_terms", "summary", "post", "rest"];
const WRITER_BYTES: usize = 256 << 20;
/// The longest word of `en_stem`, in bytes.
const LONGEST: usize = 40;

/// Measures an index with some fields: those of [`FIELDS`], or one for all of a brief.
pub(crate) fn measure(texts: &Texts<'_>, size: usize, fields: &[&str]) -> Vec<(&'static str, f64)> {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("en_stem")
        .set_index_option(IndexRecordOption::WithFreqs);
    let options = TextOptions::default().set_indexing_options(indexing);
    let fields: Vec<Field> =
        fields.iter().map(|name| schema.add_text_field(name, options.clone())).collect();
    let index = Index::create_in_ram(schema.build());
    let before = resident();
    let build = fill(&index, &fields, texts, size).expect("an index in memory");
    let memory = resident() - before;
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
    let searcher = reader.expect("a reader").searcher();
    let items = texts.items(ITEMS);
    let mut all = index.tokenizers().get("en_stem").expect("it comes with tantivy");
    let mut telling = without_stop_words();
    let of_all = rounds(&items, |item| ask(&searcher, &question(&fields, &mut all, item)));
    let pruned = rounds(&items, |item| ask(&searcher, &question(&fields, &mut telling, item)));
    let unpruned =
        rounds(&items, |item| ask_for_all(&searcher, &question(&fields, &mut telling, item)));
    vec![
        ("query", mean(&pruned)),
        ("query_unpruned", mean(&unpruned)),
        ("query_with_stop_words", mean(&of_all)),
        ("build", build),
        ("memory", memory),
    ]
}

fn without_stop_words() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(LONGEST))
        .filter(LowerCaser)
        .filter(StopWordFilter::new(Language::English).expect("it knows English"))
        .filter(Stemmer::new(Language::English))
        .build()
}

/// Returns the CPU seconds of filling an index and of making it one segment; the making of the
/// texts is not counted.
fn fill(index: &Index, fields: &[Field], texts: &Texts<'_>, size: usize) -> tantivy::Result<f64> {
    let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_BYTES)?;
    let begun = of_process();
    let mut making = 0.0;
    for number in 0..size {
        let (brief, time) = timed(|| texts.brief(number));
        making += time;
        writer.add_document(document(&brief, fields))?;
    }
    writer.commit()?;
    let segments = index.searchable_segment_ids()?;
    if segments.len() > 1 {
        writer.merge(&segments).wait()?;
    }
    writer.wait_merging_threads()?;
    Ok(of_process() - begun - making)
}

fn document(brief: &Brief, fields: &[Field]) -> TantivyDocument {
    let points: Vec<&str> = brief.points.iter().map(|point| point.text.as_str()).collect();
    let (key_terms, points) = (brief.key_terms.join("\n"), points.join("\n"));
    let post = brief.original_post.as_deref().unwrap_or_default();
    let texts = [brief.title.as_str(), &key_terms, &brief.summary, post, &points];
    let mut document = TantivyDocument::new();
    // Several texts of one field are one text.
    for (field, text) in fields.iter().cycle().zip(texts) {
        document.add_text(*field, text);
    }
    document
}

/// Returns an item as a query: one of its words in one of the fields.
fn question(fields: &[Field], words: &mut TextAnalyzer, item: &ItemText) -> BooleanQuery {
    let end = first_words(&item.lead, LEAD_WORDS).last().map_or(0, briefwire::text::Word::end);
    let mut told = BTreeSet::new();
    for text in [item.title.as_str(), &item.lead[..end]] {
        words.token_stream(text).process(&mut |token| {
            told.insert(token.text.clone());
        });
    }
    let terms = told.iter().flat_map(|word| {
        fields.iter().map(move |field| -> Box<dyn Query> {
            let term = Term::from_field_text(*field, word);
            Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
        })
    });
    BooleanQuery::union(terms.collect())
}

/// Asks the usual way: by Block-Max WAND, which leaves out what cannot be among the best.
fn ask(searcher: &Searcher, query: &BooleanQuery) {
    let best = TopDocs::with_limit(BEST).order_by_score();
    black_box(searcher.search(query, &best).expect("an index in memory answers"));
}

/// Asks for the score of all that has one of the words; a score that is changed cannot be left out.
fn ask_for_all(searcher: &Searcher, query: &BooleanQuery) {
    let unchanged = |_: &SegmentReader| |_: DocId, score: Score| score;
    let best = TopDocs::with_limit(BEST).tweak_score(unchanged);
    black_box(searcher.search(query, &best).expect("an index in memory answers"));
}

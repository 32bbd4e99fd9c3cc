//! What each tier of a decision does, and what must never match.

use super::{Basis, Case, Index, Rulings};
use crate::model::{Brief, BriefId, Decision, ItemText, Method, SourceId, Timestamp};

const TITLE: &str = "Harbour wall of Lindhaven collapses in storm surge";
const SUMMARY: &str = "The harbour wall of Lindhaven collapsed on Tuesday in a storm surge; ferries \
                       to Skerrow are cancelled, harbour master Maren Solheim said.";
const POST: &str = "Waves broke the old harbour wall before dawn while engineers were still \
                    measuring the cracks they had found in October.";

fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn brief(id: &str) -> Brief {
    let mut brief = Brief::new(BriefId::new(id).unwrap(), TITLE, SUMMARY);
    brief.lang = Some("en".to_owned());
    brief
}

fn item() -> ItemText {
    ItemText {
        item: "item-1".to_owned(),
        source: Some(SourceId::new("wire").unwrap()),
        guid: Some("wire-4711".to_owned()),
        title: "Storm surge brings down Lindhaven harbour wall".to_owned(),
        lead:
            "Ferries to Skerrow are cancelled after the harbour wall of Lindhaven collapsed in a \
               storm surge on Tuesday, said harbour master Maren Solheim."
                .to_owned(),
        link: Some("https://www.wire.example/storm?utm_source=rss".to_owned()),
        published: Some(now()),
        lang: Some("en".to_owned()),
    }
}

fn other(title: &str, lead: &str) -> ItemText {
    ItemText { title: title.to_owned(), lead: lead.to_owned(), guid: None, link: None, ..item() }
}

fn index(briefs: &[Brief]) -> Index {
    let mut index = Index::new(0.65);
    for brief in briefs {
        index.insert(brief);
    }
    index
}

fn decide(briefs: &[Brief], item: &ItemText) -> Decision {
    index(briefs).decide(item, &Case::new(&Rulings::default(), now()))
}

#[track_caller]
fn check(briefs: &[Brief], item: &ItemText, method: Method, brief: Option<&str>) -> Decision {
    let decision = decide(briefs, item);
    let found = decision.brief.as_ref().map(BriefId::as_str);
    assert_eq!((decision.method, found), (method, brief), "{decision:?}");
    decision
}

#[test]
fn words_match_with_evidence_that_stands_in_both() {
    let decision = check(&[brief("b")], &item(), Method::Text, Some("b"));
    assert!((0.65..1.0).contains(&decision.score));
    assert!(decision.evidence.contains(&"Maren Solheim".to_owned()), "{:?}", decision.evidence);
    assert!(decision.evidence.len() <= 8);
    for phrase in &decision.evidence {
        let both = item().title + &item().lead;
        assert!(both.contains(phrase.as_str()), "{phrase}");
        let said = format!("{TITLE} {SUMMARY}").to_lowercase();
        let mut words = phrase.split(' ');
        assert!(words.all(|word| said.contains(&word.to_lowercase())), "{phrase}");
    }
}

#[test]
fn a_block_goes_before_a_pin_of_the_brief_and_a_persons_pin_before_all() {
    let mut pinning = brief("b");
    pinning.pin.push("http://wire.example/storm/".to_owned());
    check(&[pinning.clone()], &item(), Method::Pin, Some("b"));
    pinning.block.push("wire".to_owned());
    check(&[pinning.clone()], &item(), Method::Blocked, None);
    let mut rulings = Rulings::default();
    rulings.set("item-1", &pinning.id, Some(true));
    let decision = index(&[pinning.clone()]).decide(&item(), &Case::new(&rulings, now()));
    assert_eq!((decision.method, decision.brief), (Method::Pin, Some(pinning.id.clone())));
    rulings.set("item-1", &pinning.id, Some(false));
    let decision = index(&[brief("b")]).decide(&item(), &Case::new(&rulings, now()));
    assert_eq!((decision.method, decision.brief), (Method::Blocked, None));
}

#[test]
fn address_and_guid_meet_in_any_language_and_words_in_one() {
    let mut german = brief("b");
    german.lang = Some("de-AT".to_owned());
    check(&[german.clone()], &item(), Method::Lang, None);
    german.source_url = Some("http://m.wire.example/storm/".to_owned());
    let decision = check(&[german.clone()], &item(), Method::Url, Some("b"));
    assert_eq!((decision.score, decision.evidence), (1.0, vec!["wire.example/storm".to_owned()]));
    german.source_url = None;
    german.guids.push("wire-4711".to_owned());
    check(&[german], &item(), Method::Guid, Some("b"));
}

#[test]
fn parameters_of_the_operators_list_are_no_part_of_an_address() {
    let mut named = Brief::new(BriefId::new("b").unwrap(), "Quite another title", "And text.");
    named.source_url = Some("https://wire.example/storm?rubric=front".to_owned());
    check(&[named.clone()], &item(), Method::None, None);
    let basis = Basis::ignoring(&["Rubric".to_owned()]);
    let mut index = Index::with(0.65, basis);
    index.insert(&named);
    let decision = index.decide(&item(), &Case::new(&Rulings::default(), now()));
    assert_eq!((decision.method, decision.brief), (Method::Url, Some(named.id)));
}

#[test]
fn most_of_the_original_post_is_proof_and_eight_words_only_with_the_rest() {
    let mut posted = Brief::new(BriefId::new("b").unwrap(), "Before dawn", "It was old.");
    posted.original_post = Some(POST.to_owned());
    let quoting = other("A night at sea", &format!("{POST} More follows."));
    check(&[posted.clone()], &quoting, Method::Excerpt, Some("b"));
    let formula = "while engineers were still measuring the cracks they had found";
    let elsewhere = other(
        "Bridge of Orrin closed",
        &format!(
            "The bridge of Orrin stays closed, the town of Tavik said on Monday, {formula} in May."
        ),
    );
    check(&[posted], &elsewhere, Method::None, None);
    let mut told = brief("c");
    told.original_post = Some(POST.to_owned());
    let both = other(&item().title, &format!("{} It fell {formula}.", item().lead));
    check(&[told], &both, Method::Excerpt, Some("c"));
}

#[test]
fn two_that_say_the_same_are_none_unless_they_name_one_address() {
    let (mut older, mut newer) = (brief("a"), brief("b"));
    check(&[older.clone(), newer.clone()], &item(), Method::Ambiguous, None);
    // Dates may move a score; they decide nothing alone.
    older.date = Some(now());
    newer.date = Some("2026-10-01T00:00:00Z".parse().unwrap());
    check(&[older.clone(), newer.clone()], &item(), Method::Ambiguous, None);
    for brief in [&mut older, &mut newer] {
        brief.source_url = Some("https://elsewhere.example/1".to_owned());
    }
    older.updated = Some("2026-11-20T00:00:00Z".parse().unwrap());
    newer.updated = Some("2026-11-21T00:00:00Z".parse().unwrap());
    check(&[older, newer], &item(), Method::Text, Some("b"));
}

#[test]
fn a_date_moves_a_score_and_makes_no_match() {
    let at = |text: &str| Some(text.parse().unwrap());
    let with = |date| {
        let mut dated = brief("b");
        dated.date = date;
        decide(&[dated], &item()).score
    };
    let (near, unknown, far) = (with(Some(now())), with(None), with(at("2024-01-01T00:00:00Z")));
    assert!(far < unknown && unknown < near, "{far} {unknown} {near}");
    let mut elsewhere = brief("b");
    elsewhere.date = Some(now());
    let bakery =
        other("Bakery opens in Marrowick", "The first loaves were sold on Tuesday by Dunmore.");
    check(&[elsewhere], &bakery, Method::None, None);
}

#[test]
fn a_date_lifts_a_score_over_the_threshold_by_little_only() {
    let lead = "Ferries and flights along the coast were cancelled on Tuesday; stocks fell.";
    let short = other("Storm surge stops ferries as waves hit the coast", lead);
    let mut dated = brief("b");
    let alone = decide(&[dated.clone()], &short).score;
    dated.date = short.published;
    let mut index = index(&[dated]);
    let rulings = Rulings::default();
    let case = Case::new(&rulings, now());
    let lifted = index.decide(&short, &case).score;
    assert!(lifted > alone + 0.2, "{alone} {lifted}");
    index.require(alone + 0.1);
    assert!(index.decide(&short, &case).brief.is_some());
    index.require(alone + 0.2);
    assert_eq!(index.decide(&short, &case).brief, None, "the words say too little");
}

#[test]
fn an_expired_brief_stays_where_it_is_and_goes_nowhere_new() {
    let mut expired = brief("b");
    expired.expires = Some(now());
    let index = index(&[expired.clone()]);
    let rulings = Rulings::default();
    let case = Case::new(&rulings, now());
    assert_eq!(index.decide(&item(), &case).brief, None);
    let on = Case { on: Some(&expired.id), ..case };
    assert_eq!(index.decide(&item(), &on).brief, Some(expired.id.clone()));
}

#[test]
fn an_edit_does_not_take_a_brief_off_for_little() {
    let rulings = Rulings::default();
    let lead = "Ferries and flights along the coast were cancelled on Tuesday; stocks fell.";
    let short = other("Storm surge stops ferries as waves hit the coast", lead);
    let score = decide(&[brief("b")], &short).score;
    assert!((0.2..0.85).contains(&score), "{score}");
    let mut index = index(&[brief("b")]);
    let id = brief("b").id;
    for (above, stays) in [(0.05, true), (0.15, false)] {
        index.require(score + above);
        let case = Case { on: Some(&id), ..Case::new(&rulings, now()) };
        assert_eq!(index.decide(&short, &case).brief, None, "not without an edit");
        let edited = Case { edited: true, ..case };
        assert_eq!(index.decide(&short, &edited).brief.is_some(), stays);
    }
    // Nor does a rival that is little better.
    let mut rival = brief("c");
    rival.key_terms.push("Tuesday".to_owned());
    index.require(0.5);
    index.insert(&rival);
    let case = Case { on: Some(&id), edited: true, ..Case::new(&rulings, now()) };
    assert_eq!(index.decide(&item(), &case).brief, Some(id.clone()));
}

#[test]
fn noise_matches_nothing() {
    let stored = [brief("b")];
    for (title, lead) in [
        ("", ""),
        ("🚢🌊💥", "🌊🌊🌊 🚢"),
        ("Lindhaven", "Skerrow"),
        ("the of and to in", "a storm is on"),
        ("Live updates", "Read more at our site. Sign up for our newsletter. Read more."),
        ("Tuesday Tuesday Tuesday Tuesday", "Tuesday Tuesday"),
    ] {
        check(&stored, &other(title, lead), Method::None, None);
    }
    let mut emoji = Brief::new(BriefId::new("b").unwrap(), "🚢🌊💥", "🌊");
    emoji.key_terms.push("🚢".to_owned());
    check(&[emoji], &other("🚢🌊💥", "🌊 🚢 🌊 💥"), Method::None, None);
}

#[test]
fn briefs_that_differ_in_one_word_are_told_apart_by_it_or_not_at_all() {
    let place = |n: usize| format!("Quen{}by", char::from(b'a' + u8::try_from(n).unwrap()));
    let all: Vec<Brief> = (0..20)
        .map(|n| {
            let mut one = brief(&format!("b{n}"));
            one.title = one.title.replace("Lindhaven", &place(n));
            one.summary = one.summary.replace("Lindhaven", &place(n));
            one
        })
        .collect();
    let mut named = item();
    named.title = named.title.replace("Lindhaven", &place(7));
    named.lead = named.lead.replace("Lindhaven", &place(7));
    let decision = decide(&all, &named);
    assert!(decision.brief.is_none_or(|brief| brief.as_str() == "b7"), "never another");
    let nameless =
        other("Storm surge brings down harbour wall", &item().lead.replace(" of Lindhaven", ""));
    check(&all, &nameless, Method::Ambiguous, None);
}

#[test]
fn ten_thousand_briefs_on_one_saga_and_texts_without_end_are_bounded() {
    let saga = |n: usize| {
        let id = BriefId::new(format!("b{n:05}")).unwrap();
        let mut brief = Brief::new(id, format!("{TITLE}, day {n}"), SUMMARY);
        brief.lang = Some("en".to_owned());
        brief
    };
    let mut index = index(&(0..10_000).map(saga).collect::<Vec<_>>());
    let rulings = Rulings::default();
    let case = Case::new(&rulings, now());
    let decision = index.decide(&item(), &case);
    assert_eq!((decision.method, decision.candidates.len()), (Method::Ambiguous, 10));
    for n in 0..10_000 {
        index.remove(&saga(n).id);
    }
    assert!(index.is_empty());
    let mut wordy = brief("wordy");
    wordy.key_terms = (0..10_000).map(|n| format!("Quenby{n}")).collect();
    index.insert(&wordy);
    let endless = ItemText { lead: "Skerrow ferries. ".repeat(60_000), ..item() };
    assert_eq!(index.decide(&endless, &case).brief, Some(wordy.id));
    let endless = ItemText { title: "storm ".repeat(200_000), ..item() };
    assert!(index.decide(&endless, &case).score <= 1.0);
}

//! Which parameters of a query name an article, and which only tell where a reader came from.

/// Parameters that name an article somewhere, so that no list ever takes them.
///
/// Beside the usual ones they are those that tell articles of real feeds apart.
const IDENTITY: &[&str] = &[
    "id",
    "p",
    "page",
    "v",
    "story",
    "article",
    "aid",
    "articleid",
    "article_id",
    "bctid",
    "blogentryid",
    "cl4url",
    "cntn_id",
    "contentid",
    "docid",
    "filename",
    "g",
    "i",
    "n_id",
    "news",
    "newsid",
    "nid",
    "oid",
    "param",
    "postid",
    "post_id",
    "storyid",
    "story_id",
];

/// Parameters that only tell where a reader came from.
const TRACKING: &[&str] = &[
    "fbclid",
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "twclid",
    "ttclid",
    "igshid",
    "igsh",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "oly_anon_id",
    "oly_enc_id",
    "vero_id",
    "_hsenc",
    "_hsmi",
    "__hssc",
    "__hstc",
    "hsctatracking",
    "wickedid",
    "rb_clickid",
    "s_cid",
    "ncid",
    "cmpid",
    "icid",
    "ftag",
    "xtor",
    "at_medium",
    "at_campaign",
    "at_custom1",
    "at_custom2",
    "at_custom3",
    "at_custom4",
    "ns_source",
    "ns_mchannel",
    "ns_campaign",
    "ns_linkname",
    "ns_fee",
    "wt_mc",
    "wt.mc_id",
    "pk_campaign",
    "pk_cid",
    "pk_content",
    "pk_keyword",
    "pk_kwd",
    "pk_medium",
    "pk_source",
    "sr_share",
    "ref_src",
    "ref_url",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "traffic_source",
    "feature_src",
    "spm",
    "_ga",
    "_gl",
];

/// Parameters that only tell which section of the site a reader came through, or which of its
/// presentations this is.
const NAVIGATION: &[&str] = &[
    "hp",
    "hpt",
    "_r",
    "mod",
    "smid",
    "smtyp",
    "cid",
    "wt.nav",
    "clicksource",
    "intcmp",
    "intcid",
    "intlink",
    "srnd",
    "sref",
    "emc",
    "cmp",
    "csp",
    "ftcamp",
    "ocid",
    "rpc",
    "feedtype",
    "feedname",
    "reflink",
    "sh",
    "ito",
    "dlvrit",
    "mbid",
    "taid",
    "odyssey",
    "pgtype",
    "wprss",
    "wpisrc",
    "searchresultposition",
    // What an AMP viewer adds.
    "usqp",
    "amp_js_v",
    "amp_gsa",
    "amp_tf",
    "ampcf",
];

/// Parameters whose names are so broad that only their value tells what they are: `ref=rss` is
/// navigation, and `ref=16` may name an article.
const BROAD: &[&str] = &[
    "source",
    "src",
    "ref",
    "via",
    "partner",
    "output",
    "outputtype",
    "track",
    "xid",
    "mid",
    "tid",
    "_mc",
    "mwrsm",
];

/// The words that such a value begins with.
const ORIGINS: &[&str] = &[
    "amp",
    "app",
    "apple",
    "applenews",
    "atom",
    "bing",
    "desktop",
    "email",
    "facebook",
    "fb",
    "feed",
    "feedly",
    "flipboard",
    "gnews",
    "google",
    "googlenews",
    "hackernews",
    "hn",
    "home",
    "homepage",
    "hp",
    "hpmodule",
    "ig",
    "instagram",
    "linkedin",
    "mail",
    "main",
    "medium",
    "mobile",
    "msn",
    "nav",
    "newsletter",
    "pocket",
    "producthunt",
    "push",
    "reddit",
    "rss",
    "search",
    "share",
    "slack",
    "smartnews",
    "social",
    "telegram",
    "tw",
    "twitter",
    "web",
    "whatsapp",
    "yahoo",
    "youtube",
];

/// No value that tells of an origin has more words: `rss-topheadlines`, `rss----89d4---4`.
const MAX_WORDS: usize = 4;

/// Parameters that are on or off, and choose a presentation.
const FLAGS: &[&str] = &["amp", "_amp", "rss", "rl", "homepage"];

/// Parameters that stand beside `action=click` at The New York Times.
const BESIDE_CLICK: &[&str] =
    &["action", "module", "region", "state", "contentcollection", "contentplacement"];

/// Returns whether a parameter names an article somewhere: then it is never ignored.
pub fn is_identity_parameter(name: &str) -> bool {
    is_in(IDENTITY, name)
}

/// Returns whether a parameter only tells where a reader came from, on any site.
pub(super) fn is_tracking(name: &str) -> bool {
    ["utm_", "utm-", "mtm_"].iter().any(|prefix| begins_with(name, prefix)) || is_in(TRACKING, name)
}

/// Returns whether a parameter only tells how a reader came through its site.
pub(super) fn is_navigation(name: &str, value: &str) -> bool {
    is_in(NAVIGATION, name)
        || (is_in(BROAD, name) && tells_origin(value))
        || (is_in(FLAGS, name) && (is_in(&["", "0", "1", "true"], value) || tells_origin(value)))
}

/// Returns whether a parameter only tells what was clicked on, where `action=click` is there.
pub(super) fn is_beside_click(name: &str) -> bool {
    is_in(BESIDE_CLICK, name)
}

fn tells_origin(value: &str) -> bool {
    let mut words =
        value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.next().is_some_and(|first| is_in(ORIGINS, first)) && words.count() < MAX_WORDS
}

fn is_in(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Splits a pair of a query into its name and its value; without `=` the value is empty.
///
/// A name that an address written as HTML gave an `amp;` is read without it.
pub(super) fn halves(pair: &str) -> (&str, &str) {
    plain(pair).split_once('=').unwrap_or((plain(pair), ""))
}

/// Returns a pair without the `amp;` before it.
pub(super) fn plain(pair: &str) -> &str {
    pair.trim_start_matches("amp;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_takes_what_names_an_article() {
        for name in [TRACKING, NAVIGATION, BROAD, FLAGS, BESIDE_CLICK].concat() {
            assert!(!is_identity_parameter(name), "{name}");
        }
        for name in ["id", "ID", "p", "Page", "v", "story", "article", "AID"] {
            assert!(
                is_identity_parameter(name) && !is_tracking(name) && !is_navigation(name, "rss")
            );
        }
    }

    #[test]
    fn a_broad_name_is_navigation_by_its_value_alone() {
        for origin in ["rss", "RSS_IWK_EDT", "google_news", "rss-topheadlines", "rss----8d---4"] {
            assert!(is_navigation("source", origin), "{origin}");
        }
        for other in ["", "16", "a-slug-of-words", "/photo.jpg", "home-prices-fall-for-a-year"] {
            assert!(!is_navigation("source", other), "{other}");
        }
        assert!(
            is_navigation("rss", "") && is_navigation("rss", "1") && !is_navigation("rss", "7")
        );
    }
}

//! Pages that ask for a browser, or for a person, where a feed should be.

use reqwest::header::{HeaderMap, HeaderValue};

/// How much of a page is looked at.
pub(super) const LOOKED_AT_BYTES: usize = 64 << 10;

/// What only such a page says, in lower case, and whose it is.
const MARKS: [(&str, &str); 19] = [
    ("cf_chl_opt", "Cloudflare"),
    ("challenges.cloudflare.com", "Cloudflare"),
    ("/cdn-cgi/challenge-platform", "Cloudflare"),
    ("<title>just a moment...</title>", "Cloudflare"),
    ("attention required! | cloudflare", "Cloudflare"),
    ("captcha-delivery.com", "DataDome"),
    ("_incapsula_resource", "Imperva"),
    ("px-captcha", "HUMAN"),
    ("ddos-guard", "DDoS-Guard"),
    ("sucuri_cloudproxy", "Sucuri"),
    ("awswafcaptcha", "AWS WAF"),
    ("token.awswaf.com", "AWS WAF"),
    ("making sure you&#39;re not a bot", "Anubis"),
    ("making sure you're not a bot", "Anubis"),
    ("vercel security checkpoint", "Vercel"),
    ("verify you are human", "unknown"),
    ("verifying you are human", "unknown"),
    ("please enable js and disable any ad blocker", "DataDome"),
    ("checking your browser before accessing", "unknown"),
];

/// Returns whose challenge an answer is, if it is one.
pub(super) fn of_header(headers: &HeaderMap) -> Option<&'static str> {
    let is = |name: &str, wanted: &str| {
        let value = headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
        value.eq_ignore_ascii_case(wanted.as_bytes())
    };
    if is("cf-mitigated", "challenge") {
        return Some("Cloudflare");
    }
    if is("x-amzn-waf-action", "captcha") || is("x-amzn-waf-action", "challenge") {
        return Some("AWS WAF");
    }
    if headers.contains_key("x-datadome") && headers.contains_key("x-dd-b") {
        return Some("DataDome");
    }
    is("x-vercel-mitigated", "challenge").then_some("Vercel")
}

/// Returns whose challenge a page is, if it is one.
pub fn challenge_in(page: &[u8]) -> Option<&'static str> {
    let looked_at = page.get(..LOOKED_AT_BYTES).unwrap_or(page);
    let text = String::from_utf8_lossy(looked_at).to_ascii_lowercase();
    MARKS.iter().find(|(mark, _)| text.contains(mark)).map(|(_, whose)| *whose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_known_by_its_header_or_by_its_page() {
        let mut headers = HeaderMap::new();
        assert_eq!(of_header(&headers), None);
        headers.insert("cf-mitigated", HeaderValue::from_static("challenge"));
        assert_eq!(of_header(&headers), Some("Cloudflare"));
        let page = b"<html><head><title>Just a moment...</title>";
        assert_eq!(challenge_in(page), Some("Cloudflare"));
        assert_eq!(challenge_in(b"<html><title>A moment</title>"), None);
    }
}

//! What is wrong, as a feed that an operator subscribes to.

use rss::{Channel, Guid, Item};

use super::Site;
use super::namespace::extend;
use super::rss::{extension, link, rfc822};
use crate::model::Trouble;
use crate::text::html::clean_chars;

/// Writes the feed (RSS 2.0); `page` is the address of the page that tells the same.
///
/// An item has its guid for as long as the trouble lasts. What is over leaves the feed.
pub fn troubles(site: &Site, page: &str, troubles: &[Trouble]) -> String {
    let items = troubles.iter().map(|trouble| item(site, page, trouble)).collect();
    let what =
        "Sources that fail, and what else an operator should look at; empty while all is well.";
    let mut channel = Channel {
        title: "briefwire: what is wrong".to_owned(),
        link: page.to_owned(),
        description: what.to_owned(),
        language: Some("en".to_owned()),
        ttl: Some("15".to_owned()),
        items,
        namespaces: [("atom".to_owned(), "http://www.w3.org/2005/Atom".to_owned())].into(),
        ..Channel::default()
    };
    let own = link("self", &site.at("status.xml")).with("type", "application/rss+xml");
    extend(&mut channel.extensions, own, extension);
    format!("{channel}\n")
}

fn item(site: &Site, page: &str, trouble: &Trouble) -> Item {
    let value = site.tag(&format!("trouble:{}", encoded(&trouble.id)));
    Item {
        title: Some(clean_chars(&trouble.title).into_owned()),
        link: Some(page.to_owned()),
        guid: Some(Guid { value, permalink: false }),
        pub_date: trouble.since.map(rfc822),
        description: Some(clean_chars(&trouble.text).into_owned()),
        ..Item::default()
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

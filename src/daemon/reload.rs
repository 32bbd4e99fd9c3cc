//! Reading the configuration again while everything runs.
//!
//! A file with a mistake changes nothing. Else new documents are rendered first and the
//! configuration is swapped then, so that no request meets a channel without a document. Polls
//! and requests under way end under the configuration they began with.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::house::{self, Ground, House};
use super::log::{doubts, levels, with_causes};
use super::writer::{Settings, Work};
use crate::config::{self, Config, Environment, LanguageModel, Server};
use crate::model::{Channel, Reloaded, Source, SourceId};
use crate::publish::Site;
use crate::serve::ReloadOrder;
use crate::telemetry;

/// Reads the configuration again, tells the service manager, and answers who asked.
pub(super) async fn run(ground: &Ground, house: Option<&House>, order: Option<ReloadOrder>) {
    ground.service.reloading();
    let account = match read(ground).await {
        Ok(new) => apply(ground, house, new).await,
        Err(mistakes) => Reloaded { mistakes, ..Reloaded::default() },
    };
    ground.service.reloaded();
    ground.metrics().reload(account.is_applied());
    log(&account);
    if let Some(order) = order {
        // Who does not wait for the account any more finds it in the log.
        order.send(account).ok();
    }
}

fn log(account: &Reloaded) {
    if !account.is_applied() {
        let mistakes = account.mistakes.join("; ");
        tracing::error!(mistakes, "the configuration was not reloaded; the old one stays in force");
        return;
    }
    let changes = account.changes.join("; ");
    tracing::info!(changes, "configuration reloaded");
    if !account.needs_restart.is_empty() {
        let settings = account.needs_restart.join(", ");
        tracing::warn!(settings, "some changed settings need a restart");
    }
}

async fn read(ground: &Ground) -> Result<Config, Vec<String>> {
    let file = ground.config().file.clone();
    let load = move || config::load(&file, &Environment::of_daemon());
    match tokio::task::spawn_blocking(load).await {
        Ok(Ok(config)) => Ok(config),
        Ok(Err(error)) => Err(with_causes(&error).lines().map(str::to_owned).collect()),
        Err(_panic) => Err(vec!["reading the configuration panicked; please report it".to_owned()]),
    }
}

async fn apply(ground: &Ground, house: Option<&House>, mut new: Config) -> Reloaded {
    let old = ground.config();
    let needs_restart = keep(&old, &mut new);
    let changes = differences(&old, &new);
    if let Some(house) = house
        && let Err(why) = rename_sources(house, &old, &new).await
    {
        return Reloaded { mistakes: vec![why], ..Reloaded::default() };
    }
    let known = ground.served.plan();
    let site = Site {
        authority: known.site.authority.clone(),
        date: known.site.date.clone(),
        ..house::site(&new, ground.address, None)
    };
    let plan = house::plan(&new, site);
    let settings = Settings::of(&new);
    if let Some(house) = house {
        house.press.prepare(&plan).await;
    }
    telemetry::adjust(&levels(&new.log));
    doubts(&new);
    ground.served.follow(plan);
    ground.config.send_replace(Arc::new(new));
    if let Some(house) = house {
        // A writer that is gone takes nothing more; the next start reads the file.
        house.writer.send(Work::Settings(settings)).await.ok();
        house.press.retire().await;
        house.dirty.mark_all();
    }
    Reloaded { mistakes: Vec::new(), changes, needs_restart }
}

/// Puts back what only a start can change, and returns the keys that differed.
fn keep(old: &Config, new: &mut Config) -> Vec<String> {
    let mut kept = Vec::new();
    let mut differs = |key: &str, differs: bool| {
        if differs {
            kept.push(key.to_owned());
        }
    };
    differs("server.listen", old.server.listen != new.server.listen);
    let (was, now) = (&old.server, &new.server);
    differs("server.max_connections", was.max_connections != now.max_connections);
    differs("server.header_timeout", was.header_timeout != now.header_timeout);
    differs("server.idle_timeout", was.idle_timeout != now.idle_timeout);
    differs("server.write_timeout", was.write_timeout != now.write_timeout);
    differs("store.path", old.store.path != new.store.path);
    differs("store.cache", old.store.cache != new.store.cache);
    differs("log.format", old.log.format != new.log.format);
    // Where nobody named a directory for documents or backups it lies in the store's.
    if new.publish.dir.starts_with(&new.store.path) && old.publish.dir.starts_with(&old.store.path)
    {
        new.publish.dir.clone_from(&old.publish.dir);
    }
    if new.backup.dir.starts_with(&new.store.path) && old.backup.dir.starts_with(&old.store.path) {
        new.backup.dir.clone_from(&old.backup.dir);
    }
    new.server = Server {
        public_url: new.server.public_url.take(),
        admin_token: new.server.admin_token.take(),
        open: std::mem::take(&mut new.server.open),
        trusted_proxies: std::mem::take(&mut new.server.trusted_proxies),
        ..old.server.clone()
    };
    new.store.path.clone_from(&old.store.path);
    new.store.cache = old.store.cache;
    new.log.format = old.log.format;
    kept
}

/// Renames sources through the writer, so that polls under way find their items.
async fn rename_sources(house: &House, old: &Config, new: &Config) -> Result<(), String> {
    for (was, id) in renamed(&old.sources, &new.sources) {
        let (answer, answered) = oneshot::channel();
        let work = Work::Rename { was: was.clone(), id: id.clone(), answer };
        let failed = |why: String| format!("source `{was}` cannot be renamed to `{id}`: {why}");
        house
            .writer
            .send(work)
            .await
            .map_err(|_closed| failed("the daemon is stopping".to_owned()))?;
        match answered.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_closed) => return Err(failed("the daemon is stopping".to_owned())),
        }
    }
    Ok(())
}

/// Returns the sources that have another id now: the old one and the new one.
fn renamed<'c>(old: &'c [Source], new: &'c [Source]) -> Vec<(&'c SourceId, &'c SourceId)> {
    let is_old = |id: &SourceId| old.iter().any(|source| source.id == *id);
    new.iter()
        .filter(|source| !is_old(&source.id))
        .filter_map(|source| Some((source.was.iter().find(|was| is_old(was))?, &source.id)))
        .collect()
}

/// Returns what differs between two configurations, a line each.
fn differences(old: &Config, new: &Config) -> Vec<String> {
    let mut lines = sources(&old.sources, &new.sources);
    lines.extend(channels(&old.channels, &new.channels));
    lines.extend(settings(old, new).into_iter().map(|key| format!("setting {key} changed")));
    lines
}

fn sources(old: &[Source], new: &[Source]) -> Vec<String> {
    let renames = renamed(old, new);
    let mut lines = Vec::new();
    for source in new {
        let id = &source.id;
        if let Some((was, _)) = renames.iter().find(|(_, now)| *now == id) {
            lines.push(format!("source `{was}` is `{id}` now; its items go on under the new id"));
        } else if let Some(before) = old.iter().find(|before| before.id == *id) {
            let keys = source_keys(before, source);
            if !keys.is_empty() {
                lines.push(format!("source `{id}` changed: {}", keys.join(", ")));
            }
        } else {
            lines.push(format!("source `{id}` added"));
        }
    }
    for source in old {
        let stays = new.iter().any(|now| now.id == source.id);
        let id = &source.id;
        if !stays && !renames.iter().any(|(was, _)| *was == id) {
            lines.push(format!("source `{id}` removed; its items stay"));
        }
    }
    lines
}

fn source_keys(old: &Source, new: &Source) -> Vec<&'static str> {
    differing(&[
        ("url", old.address != new.address),
        ("was", old.was != new.was),
        ("every", old.every != new.every),
        ("title", old.title != new.title),
        ("tags", old.tags != new.tags),
        ("private", old.private != new.private),
        ("assume_timezone", old.assume_timezone != new.assume_timezone),
        ("allow_private", old.allow_private != new.allow_private),
        ("first", old.first != new.first),
        ("backfill", old.backfill != new.backfill),
        ("full_text", old.full_text != new.full_text),
        ("auth", old.access.auth != new.access.auth),
        ("headers", old.access.headers != new.access.headers),
        ("proxy", old.access.proxy != new.access.proxy),
        ("keep", old.filters.keep != new.filters.keep),
        ("drop", old.filters.drop != new.filters.drop),
    ])
}

fn channels(old: &[Channel], new: &[Channel]) -> Vec<String> {
    let mut lines = Vec::new();
    for channel in new {
        let id = &channel.id;
        match old.iter().find(|before| before.id == *id) {
            Some(before) => {
                let keys = channel_keys(before, channel);
                if !keys.is_empty() {
                    lines.push(format!("channel `{id}` changed: {}", keys.join(", ")));
                }
            }
            None => lines.push(format!("channel `{id}` added")),
        }
    }
    for channel in old.iter().filter(|channel| new.iter().all(|now| now.id != channel.id)) {
        let id = &channel.id;
        lines.push(match new.iter().find(|now| now.was.contains(id)) {
            Some(now) => format!("channel `{id}` is `{}` now; its address answers 301", now.id),
            None => format!("channel `{id}` removed; its address answers 410"),
        });
    }
    lines
}

fn channel_keys(old: &Channel, new: &Channel) -> Vec<&'static str> {
    differing(&[
        ("was", old.was != new.was),
        ("title", old.title != new.title),
        ("description", old.description != new.description),
        ("language", old.language != new.language),
        ("from", old.from != new.from),
        ("only", old.only != new.only),
        ("keep", old.filters.keep != new.filters.keep),
        ("drop", old.filters.drop != new.filters.drop),
        ("items", old.items != new.items),
        ("body", old.body != new.body),
        ("full_text", old.full_text != new.full_text),
        ("formats", old.formats != new.formats),
        ("merge_stories", old.merge_stories != new.merge_stories),
        ("token_file", old.token != new.token),
    ])
}

/// Returns the keys of the program's own sections that differ.
fn settings(old: &Config, new: &Config) -> Vec<&'static str> {
    let (server, fetch) = ((&old.server, &new.server), (&old.fetch, &new.fetch));
    let mut keys = differing(&[
        ("server.public_url", server.0.public_url != server.1.public_url),
        ("server.admin_token_file", server.0.admin_token != server.1.admin_token),
        ("server.open", server.0.open != server.1.open),
        ("server.trusted_proxies", server.0.trusted_proxies != server.1.trusted_proxies),
        ("store.min_free", old.store.min_free != new.store.min_free),
        ("store.max_age", old.store.max_age != new.store.max_age),
        (
            "store.max_items_per_source",
            old.store.max_items_per_source != new.store.max_items_per_source,
        ),
        ("store.max_items", old.store.max_items != new.store.max_items),
        ("backup.every", old.backup.every != new.backup.every),
        ("backup.keep", old.backup.keep != new.backup.keep),
        ("backup.dir", old.backup.dir != new.backup.dir),
        ("fetch.contact", fetch.0.contact != fetch.1.contact),
        ("fetch.every", fetch.0.every != fetch.1.every),
        ("fetch.min_every", fetch.0.min_every != fetch.1.min_every),
        ("fetch.max_every", fetch.0.max_every != fetch.1.max_every),
        ("fetch.in_flight", fetch.0.in_flight != fetch.1.in_flight),
        ("fetch.per_host", fetch.0.per_host != fetch.1.per_host),
        ("fetch.host_spacing", fetch.0.host_spacing != fetch.1.host_spacing),
        ("fetch.connect_timeout", fetch.0.connect_timeout != fetch.1.connect_timeout),
        ("fetch.header_timeout", fetch.0.header_timeout != fetch.1.header_timeout),
        ("fetch.idle_timeout", fetch.0.idle_timeout != fetch.1.idle_timeout),
        ("fetch.total_timeout", fetch.0.total_timeout != fetch.1.total_timeout),
        ("fetch.max_body", fetch.0.max_body != fetch.1.max_body),
        ("fetch.max_wire", fetch.0.max_wire != fetch.1.max_wire),
        ("fetch.ca_file", fetch.0.ca != fetch.1.ca),
        ("fetch.websub", fetch.0.websub != fetch.1.websub),
        ("briefs.dir", old.briefs_dir != new.briefs_dir),
        ("matching.wait", old.matching.wait != new.matching.wait),
        (
            "matching.threshold",
            old.matching.threshold.to_bits() != new.matching.threshold.to_bits(),
        ),
        ("matching.recent", old.matching.recent != new.matching.recent),
        ("matching.recent_items", old.matching.recent_items != new.matching.recent_items),
        (
            "matching.ignore_parameters",
            old.matching.ignore_parameters != new.matching.ignore_parameters,
        ),
        ("enrich.sentences", old.enrich.sentences != new.enrich.sentences),
        ("enrich.key_terms", old.enrich.key_terms != new.enrich.key_terms),
        ("publish.dir", old.publish.dir != new.publish.dir),
        ("publish.archive", old.publish.archive != new.publish.archive),
        ("publish.ttl", old.publish.ttl != new.publish.ttl),
        ("publish.image", old.publish.image != new.publish.image),
        ("publish.hub", old.publish.hub != new.publish.hub),
        ("log.level", old.log.level != new.log.level),
        ("log.modules", old.log.modules != new.log.modules),
    ]);
    keys.extend(model_keys(old.enrich.model.as_ref(), new.enrich.model.as_ref()));
    keys
}

/// Returns the keys of `[enrich.model]` that differ.
fn model_keys(old: Option<&LanguageModel>, new: Option<&LanguageModel>) -> Vec<&'static str> {
    type Of<T> = fn(&LanguageModel) -> T;
    fn differs<T: PartialEq>(
        pair: (Option<&LanguageModel>, Option<&LanguageModel>),
        of: Of<T>,
    ) -> bool {
        pair.0.map(of) != pair.1.map(of)
    }
    let pair = (old, new);
    differing(&[
        ("enrich.model.url", differs(pair, |model| model.url.clone())),
        ("enrich.model.model", differs(pair, |model| model.model.clone())),
        ("enrich.model.key_file", differs(pair, |model| model.access.auth.clone())),
        ("enrich.model.lang", differs(pair, |model| model.lang.clone())),
        ("enrich.model.timeout", differs(pair, |model| model.timeout)),
        ("enrich.model.item_tokens", differs(pair, |model| model.item_tokens)),
        ("enrich.model.tokens_a_day", differs(pair, |model| model.tokens_a_day)),
        ("enrich.model.requests_a_day", differs(pair, |model| model.requests_a_day)),
        ("enrich.model.queue", differs(pair, |model| model.queue)),
    ])
}

fn differing(keys: &[(&'static str, bool)]) -> Vec<&'static str> {
    keys.iter().filter(|(_, differs)| *differs).map(|(key, _)| *key).collect()
}

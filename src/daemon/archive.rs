//! Finishes the pages of channels' archives (RFC 5005): rendered once, written to disk, and never
//! changed.

use std::sync::PoisonError;

use chrono::TimeDelta;

use super::channels::{Press, Sheet};
use crate::model::{Channel, Timestamp};
use crate::publish::{Edition, Place, Prepared, Rendering};
use crate::serve::{Material, PageName, finished, on_page, open_items};
use crate::store::{Finished, StoreError};

const LOOKS_AGAIN: TimeDelta = TimeDelta::minutes(1);

impl Press {
    /// Returns the last finished page of a channel's archive; none where its file is not there,
    /// so that an archive whose files were lost begins anew.
    pub(super) fn last_page(
        &self,
        sheet: &Sheet,
        channel: &Channel,
    ) -> Result<Option<Finished>, StoreError> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match pages.get(&channel.id) {
            Some(known) => known.clone(),
            None => self.store.channel(&channel.id)?.and_then(|look| look.archive),
        };
        let is_there = |last: &Finished| {
            PageName::parse(&last.page)
                .is_some_and(|page| sheet.plan.shelf.has_page(channel, &page))
        };
        let last = known.filter(is_there);
        pages.insert(channel.id.clone(), last.clone());
        Ok(last)
    }

    /// Returns whether a channel's archive has not been looked at within a minute: where much comes
    /// at once, thousands of items may wait for a page, and somebody for the next document.
    fn looks_again(&self, channel: &Channel, now: Timestamp) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let last = looked.get(&channel.id);
        let is_due = last.is_none_or(|last| (now - *last).abs() >= LOOKS_AGAIN);
        if is_due {
            looked.insert(channel.id.clone(), now);
        }
        is_due
    }

    /// Finishes what can be finished of a channel's archive by now, removes what is too old, and
    /// returns whether there is another last page.
    pub(super) fn finish_pages(
        &self,
        sheet: &Sheet,
        channel: &Channel,
    ) -> Result<bool, StoreError> {
        let now = (self.clock)();
        if !self.looks_again(channel, now) {
            return Ok(false);
        }
        let before = self.last_page(sheet, channel)?;
        let oldest = now.checked_sub_signed(sheet.keeps).unwrap_or(Timestamp::MIN_UTC);
        let mut last = before.clone();
        let through = last.as_ref().map_or(oldest, |last| last.through.max(oldest));
        let mut open = open_items(&self.store, &sheet.plan, channel, through)?;
        while let Some(count) = finished(channel, &open, now) {
            let rest = open.split_off(count.min(open.len()));
            let page = std::mem::replace(&mut open, rest);
            let Some((through, _)) = page.last().copied() else { break };
            let name = last.as_ref().and_then(|last| PageName::parse(&last.page));
            let name = PageName::after(name, through);
            let taken = on_page(&self.store, &sheet.plan, channel, &page)?;
            let material = Material::gather(&self.store, &sheet.plan, channel, taken)?;
            let (page, entries) = (name.to_string(), material.entries(&sheet.plan));
            if entries.is_empty() {
                continue;
            }
            let earlier = last.as_ref().map(|last| last.page.as_str());
            let place = Place::Archive { page: &page, earlier };
            let site = &sheet.plan.site;
            let prepared = Prepared::new(Rendering { channel, place, entries: &entries, site });
            let edition = Edition::print(&prepared, prepared.updated().unwrap_or(through));
            if let Err(error) = sheet.plan.shelf.write_page(channel, &name, &edition) {
                tracing::error!(channel = %channel.id, %error, "cannot write a page of the archive");
                break;
            }
            last = Some(Finished { page, through });
        }
        let is_new = last != before;
        if is_new {
            sheet.plan.shelf.prune(channel, |page| page.end().is_none_or(|end| end > oldest));
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            pages.insert(channel.id.clone(), last);
        }
        Ok(is_new)
    }
}

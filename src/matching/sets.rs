//! Numbers of briefs or items under a key, most often one: twelve bytes then.

use std::collections::HashMap;
use std::hash::Hash;

/// The place of a brief or an item in its index.
pub(super) type Slot = u32;

/// Set in a value that is the number of a list.
const LIST: u32 = 1 << 31;

/// Slots by key; those of one key in ascending order.
#[derive(Debug)]
pub(super) struct Sets<K> {
    by_key: HashMap<K, u32>,
    lists: Vec<Vec<Slot>>,
    /// Lists that are empty.
    free: Vec<u32>,
}

impl<K> Default for Sets<K> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), lists: Vec::new(), free: Vec::new() }
    }
}

impl<K: Hash + Eq> Sets<K> {
    /// Returns the slots under a key.
    pub(super) fn get(&self, key: &K) -> &[Slot] {
        match self.by_key.get(key) {
            None => &[],
            Some(value) if value & LIST == 0 => std::slice::from_ref(value),
            Some(value) => self.list(*value),
        }
    }

    fn list(&self, value: u32) -> &[Slot] {
        self.lists.get(place(value)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn insert(&mut self, key: K, slot: Slot) {
        debug_assert!(slot & LIST == 0, "there are fewer than two thousand million");
        let Some(value) = self.by_key.get_mut(&key) else {
            self.by_key.insert(key, slot);
            return;
        };
        if *value == slot {
            return;
        }
        if *value & LIST == 0 {
            let mut both = vec![*value, slot];
            both.sort_unstable();
            let number = self.free.pop().unwrap_or_else(|| {
                self.lists.push(Vec::new());
                u32::try_from(self.lists.len() - 1).unwrap_or(!LIST)
            });
            if let Some(list) = self.lists.get_mut(place(number)) {
                *list = both;
            }
            *value = LIST | number;
        } else if let Some(list) = self.lists.get_mut(place(*value)) {
            add(list, slot);
        }
    }

    pub(super) fn remove(&mut self, key: &K, slot: Slot) {
        let Some(value) = self.by_key.get_mut(key) else { return };
        if *value & LIST == 0 {
            if *value == slot {
                self.by_key.remove(key);
            }
            return;
        }
        let number = *value & !LIST;
        let Some(list) = self.lists.get_mut(place(number)) else { return };
        if let Ok(at) = list.binary_search(&slot) {
            list.remove(at);
        }
        if let [last] = list.as_slice() {
            *value = *last;
            *list = Vec::new();
            self.free.push(number);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty() && self.lists.iter().all(Vec::is_empty)
    }
}

fn add(list: &mut Vec<Slot>, slot: Slot) {
    // Most are new, and new ones have the highest number.
    let at = if list.last().is_none_or(|last| *last < slot) {
        list.len()
    } else {
        match list.binary_search(&slot) {
            Ok(_) => return,
            Err(at) => at,
        }
    };
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 4 + 2);
    }
    list.insert(at, slot);
}

fn place(value: u32) -> usize {
    usize::try_from(value & !LIST).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_grow_and_shrink() {
        let mut sets = Sets::default();
        for slot in [5, 3, 5, 9, 3] {
            sets.insert("a", slot);
        }
        sets.insert("b", 5);
        assert_eq!(
            (sets.get(&"a"), sets.get(&"b"), sets.get(&"c")),
            (&[3, 5, 9][..], &[5][..], &[][..])
        );
        for (slot, left) in [(5, &[3, 9][..]), (7, &[3, 9]), (9, &[3]), (3, &[])] {
            sets.remove(&"a", slot);
            assert_eq!(sets.get(&"a"), left);
        }
        sets.remove(&"b", 1);
        sets.remove(&"b", 5);
        assert!(sets.is_empty());
        sets.insert("d", 1);
        sets.insert("d", 2);
        assert_eq!((sets.get(&"d"), sets.lists.len()), (&[1, 2][..], 1), "lists are used again");
    }
}

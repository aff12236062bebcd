//! From a name to its rows, by a hash made while compiling.
//!
//! A bisection over the names costs seven times as much, and every directive of a
//! configuration is looked up.

use super::info::DirectiveInfo;
use super::table::TABLE;

/// Twice the number of names, so that few of them collide.
const SIZE: usize = 4096;
const EMPTY: u16 = u16::MAX;

/// The first row of each name, at the place of its hash or after it.
static SLOTS: [u16; SIZE] = slots();

/// The rows of `name`.
pub(super) fn find(name: &[u8]) -> &'static [DirectiveInfo] {
    let mut at = place(name);
    while SLOTS[at] != EMPTY {
        let rows = &TABLE[usize::from(SLOTS[at])..];
        let same = |row: &&DirectiveInfo| row.name.as_bytes() == name;
        let count = rows.iter().take_while(same).count();
        if count > 0 {
            return &rows[..count];
        }
        at = (at + 1) % SIZE;
    }
    &[]
}

/// Where the search for `name` begins (FNV-1a).
const fn place(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut i = 0;
    while i < name.len() {
        hash = (hash ^ name[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    (hash ^ (hash >> 15)) as usize % SIZE
}

const fn slots() -> [u16; SIZE] {
    assert!(
        TABLE.len() < SIZE,
        "internal: the table has outgrown its index"
    );
    let mut slots = [EMPTY; SIZE];
    let mut row = 0;
    while row < TABLE.len() {
        let name = TABLE[row].name.as_bytes();
        if row == 0 || !same(name, TABLE[row - 1].name.as_bytes()) {
            let mut at = place(name);
            while slots[at] != EMPTY {
                at = (at + 1) % SIZE;
            }
            slots[at] = row as u16;
        }
        row += 1;
    }
    slots
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

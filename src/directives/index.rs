//! From a name to its rows, by a hash made while compiling.
//!
//! A bisection over the names costs five times as much, and every directive of a
//! configuration is looked up.

/// The place of the first row of each name in a table that is sorted by name.
///
/// `SIZE` is a power of two and more than the table has names; twice as many leave few
/// collisions.
pub(super) struct Index<const SIZE: usize> {
    slots: [u16; SIZE],
    longest: usize,
}

const EMPTY: u16 = u16::MAX;

impl<const SIZE: usize> Index<SIZE> {
    /// The index of a table whose rows have these names.
    pub(super) const fn of(names: &[&str]) -> Self {
        assert!(
            names.len() < SIZE,
            "internal: the table has outgrown its index"
        );
        let mut slots = [EMPTY; SIZE];
        let mut longest = 0;
        let mut row = 0;
        while row < names.len() {
            let name = names[row].as_bytes();
            if name.len() > longest {
                longest = name.len();
            }
            if row == 0 || !same(name, names[row - 1].as_bytes()) {
                let mut at = place(name) % SIZE;
                while slots[at] != EMPTY {
                    at = (at + 1) % SIZE;
                }
                slots[at] = row as u16;
            }
            row += 1;
        }
        Self { slots, longest }
    }

    /// The rows of `table` that are called `name`.
    pub(super) fn rows<'t, R>(
        &self,
        table: &'t [R],
        name: &[u8],
        name_of: impl Fn(&R) -> &str,
    ) -> &'t [R] {
        if name.len() > self.longest {
            return &[];
        }
        let mut at = place(name) % SIZE;
        while self.slots[at] != EMPTY {
            let rows = &table[usize::from(self.slots[at])..];
            let same = |row: &&R| name_of(row).as_bytes() == name;
            let count = rows.iter().take_while(same).count();
            if count > 0 {
                return &rows[..count];
            }
            at = (at + 1) % SIZE;
        }
        &[]
    }
}

/// Where the search for `name` begins (FNV-1a).
const fn place(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut i = 0;
    while i < name.len() {
        hash = (hash ^ name[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    (hash ^ (hash >> 15)) as usize
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

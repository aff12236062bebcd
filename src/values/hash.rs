//! Whether names fit into one of nginx's hashes (`ngx_hash_init`), where pointers have
//! eight bytes and lines of the processor's cache 64.

/// Bytes of a pointer.
const POINTER: usize = 8;

/// Bytes of a line of the cache, which buckets are rounded up to.
pub const CACHE_LINE: usize = 64;

/// Why names do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashError {
    /// The hash may have no bucket at all.
    NoBuckets,
    /// A bucket is larger than nginx can count.
    BucketTooLarge,
    /// A name, by its index, is longer than a bucket.
    BucketTooSmall(usize),
    /// There are too many: nginx warns, and takes larger buckets.
    NotOptimal,
}

/// The longest name that a bucket of so many bytes takes.
#[must_use]
pub fn longest_name(bucket: usize) -> usize {
    bucket.saturating_sub(2 * POINTER + 2)
}

/// The bytes that a name takes.
fn element(name: &[u8]) -> usize {
    POINTER + (name.len() + 2).next_multiple_of(POINTER)
}

/// `ngx_hash_key_lc`.
fn key(name: &[u8]) -> usize {
    name.iter().fold(0, |key: usize, byte| {
        key.wrapping_mul(31)
            .wrapping_add(usize::from(byte.to_ascii_lowercase()))
    })
}

/// Looks for a number of buckets, up to `most`, in which the names fit.
///
/// # Errors
/// Where nginx refuses the names, or warns.
pub fn build(names: &[&[u8]], most: usize, bucket: usize) -> Result<(), HashError> {
    if most == 0 {
        return Err(HashError::NoBuckets);
    }
    if bucket > 65536 - CACHE_LINE {
        return Err(HashError::BucketTooLarge);
    }
    let too_long = |name: &&[u8]| bucket < element(name) + POINTER;
    if let Some(index) = names.iter().position(too_long) {
        return Err(HashError::BucketTooSmall(index));
    }
    let room = bucket - POINTER;
    let mut start = (names.len() / (room / (2 * POINTER)).max(1)).max(1);
    if most > 10_000 && !names.is_empty() && most / names.len() < 100 {
        start = most - 1000;
    }
    let mut buckets = Buckets::new(names, room);
    // nginx takes the smallest number. Whether there is one is known sooner from the largest.
    match !buckets.never_fit() && (start..=most).rev().any(|size| buckets.fit(size)) {
        true => Ok(()),
        false => Err(HashError::NotOptimal),
    }
}

/// Buckets that are filled anew for every number of them. A trial takes the time and the
/// memory of the names that it gets to, not of the buckets there are.
struct Buckets {
    /// The key of each name and its bytes. What overflowed in a trial comes first in the
    /// next, for names that share a bucket often share it again.
    keyed: Vec<(usize, usize)>,
    /// The buckets with something in them, at the place that their number gives or behind.
    slots: Vec<Slot>,
    trial: usize,
    room: usize,
}

/// A bucket and its bytes, in one trial; empty in all others.
#[derive(Clone, Copy, Default)]
struct Slot {
    trial: usize,
    bucket: usize,
    used: usize,
}

impl Buckets {
    fn new(names: &[&[u8]], room: usize) -> Self {
        let keyed = names.iter().map(|name| (key(name), element(name)));
        Self {
            keyed: keyed.collect(),
            // A quarter is free at least, so that there is always an end to looking.
            slots: vec![Slot::default(); (names.len() * 4 / 3 + 1).next_power_of_two()],
            trial: 0,
            room,
        }
    }

    /// Whether names that share a key, and so a bucket in every trial, are too many.
    fn never_fit(&self) -> bool {
        let mut keyed = self.keyed.clone();
        keyed.sort_unstable();
        let mut same_key = keyed.chunk_by(|(one, _), (other, _)| one == other);
        same_key.any(|names| names.iter().map(|(_, bytes)| bytes).sum::<usize>() > self.room)
    }

    /// Whether every name finds room in so many buckets.
    fn fit(&mut self, size: usize) -> bool {
        self.trial += 1;
        let Self {
            keyed,
            slots,
            trial,
            room,
        } = self;
        let last = slots.len() - 1;
        let overflow = keyed.iter().position(|(key, bytes)| {
            let bucket = key % size;
            let mut at = bucket & last;
            while slots[at].trial == *trial && slots[at].bucket != bucket {
                at = (at + 1) & last;
            }
            let slot = &mut slots[at];
            let used = if slot.trial == *trial { slot.used } else { 0 };
            *slot = Slot {
                trial: *trial,
                bucket,
                used: used + bytes,
            };
            slot.used > *room
        });
        if let Some(index) = overflow {
            keyed[..=index].rotate_right(1);
        }
        overflow.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_takes_a_name_of_a_length() {
        let long = vec![b'a'; longest_name(64)];
        assert_eq!(long.len(), 46);
        assert_eq!(build(&[b"a", &long], 512, 64), Ok(()));
        let longer = [&long[..], b"a"].concat();
        assert_eq!(
            build(&[b"a", &longer], 512, 64),
            Err(HashError::BucketTooSmall(1))
        );
        assert_eq!(build(&[&longer], 512, 128), Ok(()));
        assert_eq!(build(&[], 0, 64), Err(HashError::NoBuckets));
        assert_eq!(build(&[], 1, 65536), Err(HashError::BucketTooLarge));
    }

    #[test]
    fn many_names_need_many_buckets() {
        let names: Vec<String> = (0..400).map(|i| format!("{i}.example.com")).collect();
        let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        assert_eq!(build(&names, 512, 64), Err(HashError::NotOptimal));
        assert_eq!(build(&names, 4096, 64), Ok(()));
    }

    #[test]
    fn a_trial_leaves_nothing_to_the_next() {
        let names: Vec<String> = (0..60).map(|i| format!("www{i}.example.org")).collect();
        let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        let fits_alone = |size: usize| Buckets::new(&names, 120).fit(size);
        let mut one_by_one = Buckets::new(&names, 120);
        for size in 1..=512 {
            assert_eq!(one_by_one.fit(size), fits_alone(size), "{size} buckets");
        }
        assert!(fits_alone(512) && !fits_alone(16));
    }

    #[test]
    fn names_of_one_key_need_no_trials() {
        let names: Vec<Vec<u8>> = (0..6u8)
            .map(|i| vec![b'a' + i, 250 - 31 * i, b'x'])
            .collect();
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        assert!(names.iter().all(|name| key(name) == key(names[0])));
        assert_eq!(build(&names, usize::MAX, 64), Err(HashError::NotOptimal));
        assert_eq!(build(&names, 100_000, 128), Ok(()));
        assert_eq!(build(&names[..3], usize::MAX, 64), Ok(()));
    }
}

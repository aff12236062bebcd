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
    let keyed: Vec<(usize, usize)> = names
        .iter()
        .map(|name| (key(name), element(name)))
        .collect();
    let mut used = vec![0; most];
    let fits = |size: usize| {
        used[..size].fill(0);
        keyed.iter().all(|(key, bytes)| {
            used[key % size] += bytes;
            used[key % size] <= room
        })
    };
    match (start..=most).any(fits) {
        true => Ok(()),
        false => Err(HashError::NotOptimal),
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
}

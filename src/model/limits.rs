//! What reading a configuration may cost.

/// Limits; what is over one becomes a finding that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest file, in bytes.
    pub file_bytes: u64,
    /// All files together, in bytes; one that is included twice counts twice.
    pub total_bytes: u64,
    /// The most statements of all files together; one takes up to 30 bytes of memory, however
    /// short it is.
    pub statements: usize,
    /// The most files; one that is included twice counts twice.
    pub files: usize,
    /// The most files inside each other below the main file. nginx has no such limit: it
    /// crashes, or runs out of open files.
    pub include_depth: usize,
    /// The most blocks inside each other that are looked into.
    pub block_depth: usize,
    /// The most findings about one main file; a summary follows.
    pub findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 256 << 20,
            total_bytes: 1 << 30,
            statements: 10_000_000,
            files: 200_000,
            include_depth: 32,
            block_depth: 256,
            findings: 5_000,
        }
    }
}

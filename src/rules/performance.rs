//! Performance: group `performance`.

mod try_files_without_open_file_cache;

pub use try_files_without_open_file_cache::TryFilesWithoutOpenFileCache;

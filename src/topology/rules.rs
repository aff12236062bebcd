//! The ids of what reading a topology can report, all in one place.

/// The text is not UTF-8, or has a control character in it.
pub const ENCODING: &str = "topology-encoding";
/// The file is larger, longer or deeper than it may be.
pub const LIMIT: &str = "topology-limit";
/// YAML does not allow it.
pub const SYNTAX: &str = "topology-yaml-syntax";
/// There is nothing in the file.
pub const EMPTY: &str = "topology-empty";
/// There is a second YAML document in the file.
pub const SEVERAL_DOCUMENTS: &str = "topology-several-documents";
/// A key stands twice in one mapping.
pub const DUPLICATE_KEY: &str = "topology-duplicate-key";
/// A key is something other than plain text.
pub const COMPLEX_KEY: &str = "topology-complex-key";
/// YAML's merge key `<<`.
pub const MERGE_KEY: &str = "topology-merge-key";
/// YAML's tags.
pub const TAG: &str = "topology-tag";
/// An alias of nothing, or of the thing that it stands in.
pub const ALIAS: &str = "topology-alias";
/// An IPv6 address without quotes, which YAML takes for a list.
pub const UNQUOTED_ADDRESS: &str = "topology-unquoted-address";
/// A key that does not exist here.
pub const UNKNOWN_KEY: &str = "topology-unknown-key";
/// A key that has to be there and is not.
pub const MISSING_KEY: &str = "topology-missing-key";
/// A key with nothing behind it.
pub const MISSING_VALUE: &str = "topology-missing-value";
/// A value of the wrong kind.
pub const WRONG_TYPE: &str = "topology-wrong-type";
/// A value of the right kind that is not one of those allowed.
pub const INVALID_VALUE: &str = "topology-invalid-value";

/// All of them.
pub const ALL: &[&str] = &[
    ENCODING,
    LIMIT,
    SYNTAX,
    EMPTY,
    SEVERAL_DOCUMENTS,
    DUPLICATE_KEY,
    COMPLEX_KEY,
    MERGE_KEY,
    TAG,
    ALIAS,
    UNQUOTED_ADDRESS,
    UNKNOWN_KEY,
    MISSING_KEY,
    MISSING_VALUE,
    WRONG_TYPE,
    INVALID_VALUE,
];

//! Changes as a unified diff, the form that `patch` and people read.

use super::compare::{Change, ChangeKind};
use similar::udiff::UnifiedHunkHeader;
use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Lines shown before and after a change.
const CONTEXT: usize = 3;

/// Writes what differs between disk and plan, in the order of the changes. Names get `a/`
/// and `b/` in front; a file that is missing or to be removed is `/dev/null` on its side.
/// Bytes go through as they are, in any encoding.
///
/// # Errors
/// When `out` cannot be written to.
pub fn unified_diff(changes: &[Change<'_>], out: &mut dyn Write) -> io::Result<()> {
    for change in changes {
        let (old, new) = match &change.kind {
            ChangeKind::Unchanged => continue,
            ChangeKind::Changed { old, new } => (Some(old.as_slice()), Some(*new)),
            ChangeKind::Missing { new } => (None, Some(*new)),
            ChangeKind::Orphaned { old } => (Some(old.as_slice()), None),
        };
        write_header(out, b"--- ", b"a/", old.map(|_| change.path.as_path()))?;
        write_header(out, b"+++ ", b"b/", new.map(|_| change.path.as_path()))?;
        write_hunks(out, old.unwrap_or_default(), new.unwrap_or_default())?;
    }
    Ok(())
}

fn write_header(
    out: &mut dyn Write,
    sign: &[u8],
    side: &[u8],
    path: Option<&Path>,
) -> io::Result<()> {
    out.write_all(sign)?;
    let Some(path) = path else {
        return out.write_all(b"/dev/null\n");
    };
    let path = path
        .strip_prefix("/")
        .unwrap_or(path)
        .as_os_str()
        .as_bytes();
    if path
        .iter()
        .any(|&b| b.is_ascii_control() || b == b'"' || b == b'\\')
    {
        out.write_all(b"\"")?;
        out.write_all(side)?;
        write_quoted(out, path)?;
        out.write_all(b"\"")?;
    } else {
        out.write_all(side)?;
        out.write_all(path)?;
        if path.contains(&b' ') {
            // Else `patch` takes what follows the space for a date.
            out.write_all(b"\t")?;
        }
    }
    out.write_all(b"\n")
}

/// Writes a name as a C string, as git and GNU patch read it.
fn write_quoted(out: &mut dyn Write, path: &[u8]) -> io::Result<()> {
    for &byte in path {
        match byte {
            b'"' | b'\\' => out.write_all(&[b'\\', byte])?,
            b if b.is_ascii_control() => write!(out, "\\{b:03o}")?,
            b => out.write_all(&[b])?,
        }
    }
    Ok(())
}

fn write_hunks(out: &mut dyn Write, old: &[u8], new: &[u8]) -> io::Result<()> {
    let old: Vec<_> = old.split_inclusive(|&b| b == b'\n').collect();
    let new: Vec<_> = new.split_inclusive(|&b| b == b'\n').collect();
    // Without a deadline, which would make the result depend on the machine.
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    for group in group_diff_ops(ops, CONTEXT) {
        writeln!(out, "{}", UnifiedHunkHeader::new(&group))?;
        for op in &group {
            write_op(out, op, &old, &new)?;
        }
    }
    Ok(())
}

fn write_op(out: &mut dyn Write, op: &DiffOp, old: &[&[u8]], new: &[&[u8]]) -> io::Result<()> {
    let (tag, old_range, new_range) = op.as_tag_tuple();
    if tag == DiffTag::Equal {
        return write_lines(out, b" ", &old[old_range]);
    }
    write_lines(out, b"-", &old[old_range])?;
    write_lines(out, b"+", &new[new_range])
}

fn write_lines(out: &mut dyn Write, sign: &[u8], lines: &[&[u8]]) -> io::Result<()> {
    for line in lines {
        out.write_all(sign)?;
        out.write_all(line)?;
        if !line.ends_with(b"\n") {
            out.write_all(b"\n\\ No newline at end of file\n")?;
        }
    }
    Ok(())
}

//! `djanginx schema`: the JSON Schema of the topology, for editors.

use super::{SUCCESS, Streams};
use crate::{Error, topology};
use std::process::ExitCode;

/// Runs the command.
pub(super) fn run(streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
    streams.out.write_all(topology::schema_text().as_bytes())?;
    Ok(ExitCode::from(SUCCESS))
}

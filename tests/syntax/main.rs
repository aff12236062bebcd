//! The syntax stage: what nginx reads, what is said of mistakes, and what no bytes may do.

mod any_bytes;
mod engines;
mod hostile;
mod outline;
mod reading;
mod recovery;
mod refusals;
mod views;

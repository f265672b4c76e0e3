//! The use case with fakes for its ports.

mod counting;
mod fakes;
mod telling;
mod texts;
mod the_digest;

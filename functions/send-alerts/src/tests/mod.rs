//! The use case with fakes for its ports.

mod counting;
mod fakes;
mod languages;
mod muting;
mod reviewing;
mod scenarios;
mod settings;
mod telling;
mod texts;
mod the_digest;
mod the_lifecycle;
mod the_machines;
mod the_memory;
mod the_shortlist;
mod two_accounts;

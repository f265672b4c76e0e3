//! Writes what an audit found, for people and for programs.

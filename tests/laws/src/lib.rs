//! Laws that hold for every record and every policy.

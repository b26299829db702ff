//! Reads and writes the exchange formats.

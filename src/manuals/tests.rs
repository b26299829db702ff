//! Tests of the manuals.

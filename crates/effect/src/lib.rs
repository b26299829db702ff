//! Survival and trial statistics.

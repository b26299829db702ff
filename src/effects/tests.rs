//! Effects over a real store.

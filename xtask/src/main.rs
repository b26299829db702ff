//! The tools of the project itself.
fn main() {}

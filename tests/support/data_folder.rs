//! Inputs beside the repository, which are no part of it: a clone without them is whole.
//!
//! `TODOKE_SHARED` names the folder that holds `data/`; without it, a folder `shared` is looked for
//! beside the clone and above. The crates and the unit tests include this file by its path.

use std::path::{Path, PathBuf};

/// The folder `inside` of the data; prints and gives nothing where there is none.
pub(crate) fn data_folder(inside: &str) -> Option<PathBuf> {
    let found = match std::env::var_os("TODOKE_SHARED") {
        Some(folder) => Some(PathBuf::from(folder).join("data").join(inside)),
        None => Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .map(|folder| folder.join("shared/data").join(inside))
            .find(|folder| folder.is_dir()),
    };
    let found = found.filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: shared/data/{inside} is not there");
    }
    found
}

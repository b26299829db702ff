//! ファイル名: a delivered name without its path, whatever system wrote it.

/// A name is no longer than file systems allow.
const NAME_CHARS_MAX: usize = 255;

/// What stands behind the last `/` or `\`, without control characters. A name of dots alone, or
/// none, is `unnamed`.
pub(crate) fn bare(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = last.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX);
    let name: String = kept.collect::<String>().trim().to_owned();
    if name.chars().all(|c| c == '.') { "unnamed".to_owned() } else { name }
}

/// What operating systems leave in archives and nobody delivers.
pub(super) fn is_junk(full: &str) -> bool {
    let name = full.rsplit(['/', '\\']).next().unwrap_or_default();
    full.starts_with("__MACOSX/")
        || name.starts_with("._")
        || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&name)
}

/// Takes off one of `endings`, whatever its case.
pub(super) fn without_ending<'a>(name: &'a str, endings: &[&str]) -> &'a str {
    let ends = |ending: &&str| {
        let at = name.len().checked_sub(ending.len())?;
        let tail = name.get(at..)?;
        (at > 0 && tail.eq_ignore_ascii_case(ending)).then(|| &name[..at])
    };
    endings.iter().find_map(ends).unwrap_or(name)
}

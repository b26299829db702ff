//! 見出し行: what the first line of a file says, and how it differs from what is expected.

/// 見出し行: the report on the header of one file, so that a changed feed is noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// Type of the file as it was recognised: `scan_telnet`, `scan-list`.
    pub report_type: String,
    /// Every column in order, lower case, without byte-order mark and surrounding blanks.
    pub columns: Vec<String>,
    /// Columns the reader has no rule for; their cells are kept in `extra`. A Shadowserver report
    /// always has some: what matters is that they differ from the last file of the same type.
    pub unknown: Vec<String>,
    /// Optional columns the format names and this file lacks.
    pub missing: Vec<String>,
    /// Columns whose cells are credentials; they are read past and kept nowhere.
    pub credentials: Vec<String>,
}

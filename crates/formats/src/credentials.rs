//! 認証情報: user names, passwords and the like, which no reader keeps (guard rule: a credential in
//! a feed is dropped in the reader); serial numbers, of which readers keep a hash alone; and
//! hardware addresses, which none keeps.

use std::borrow::Cow;

use crate::split;

/// Columns whose cells are credentials, or bodies that may hold them.
const COLUMNS: [&str; 30] = [
    "account",
    "accounts",
    "api_key",
    "apikey",
    "auth_token",
    "authorization",
    "community",
    "cookie",
    "cookies",
    "http_authorization",
    "http_cookie",
    "http_postdata",
    "login",
    "logins",
    "pass",
    "passkey",
    "passphrase",
    "payload",
    "private_key",
    "proxy_authorization",
    "pw",
    "request_raw",
    "secret",
    "session",
    "session_id",
    "sessionid",
    "set_cookie",
    "token",
    "user",
    "user_id",
];

/// Parts of a column name that give a credential away.
const PARTS: [&str; 19] = [
    "password",
    "passwd",
    "username",
    "user_name",
    "credential",
    "login_",
    "パスワード",
    "ﾊﾟｽﾜｰﾄﾞ",
    "暗証",
    "認証情報",
    "ユーザ名",
    "ユーザー名",
    "ユーザid",
    "ユーザーid",
    "ﾕｰｻﾞ",
    "ログインid",
    "ログイン名",
    "アカウント",
    "ｱｶｳﾝﾄ",
];

/// Columns that speak of credentials and hold none: yes or no, or a class of password.
const HARMLESS: [&str; 3] = ["has_password", "credential_class", "nulluser"];

/// Whether the cells of a column are credentials. The name is compared without regard to case.
pub fn is_credential(column: &str) -> bool {
    let column = column.trim().to_ascii_lowercase().replace('-', "_");
    !HARMLESS.contains(&column.as_str())
        && (COLUMNS.contains(&column.as_str()) || PARTS.iter().any(|part| column.contains(part)))
}

/// Columns whose cells are serial numbers of devices; that of a certificate is no secret.
const SERIALS: [&str; 12] = [
    "device_serial",
    "device_serial_number",
    "deviceserial",
    "hw.serial_number",
    "serial",
    "serial_no",
    "serial_number",
    "serialno",
    "serialnumber",
    "シリアル",
    "シリアル番号",
    "製造番号",
];

/// Whether the cells of a column are serial numbers of devices: printed on the box, such a number
/// leads to whoever bought it.
pub fn is_serial(column: &str) -> bool {
    let column = column.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    SERIALS.contains(&column.as_str())
}

/// Columns whose cells are hardware addresses.
const HARDWARE: [&str; 6] =
    ["hw_address", "hwaddr", "mac", "mac_addr", "mac_address", "macアドレス"];

/// Whether the cells of a column are hardware addresses (MAC): printed on the box as well, and many
/// a maker derives the first password from it. A network port has one and a device several, so that
/// it would tell devices apart badly, and no reader keeps any of it.
pub fn is_hardware_address(column: &str) -> bool {
    let column = column.trim().to_lowercase().replace(['-', ' '], "_");
    HARDWARE.contains(&column.as_str())
}

/// Whether the cells of a column are kept nowhere as they came.
pub fn is_withheld(column: &str) -> bool {
    is_credential(column) || is_serial(column) || is_hardware_address(column)
}

/// What stands in a refused row where a credential stood.
const MASK: &[u8] = b"***";

/// A refused row without its credentials. `flags` says for each column whether it is one.
///
/// Where the row has more or fewer cells than the header, a credential may have slipped by as
/// many places; every place it may have slipped to is masked, and every cell beyond the header,
/// which no column names. URLs lose their user information.
pub(crate) fn mask(row: &[u8], flags: &[bool]) -> Vec<u8> {
    mask_delimited(row, flags, b',')
}

/// [`mask`] of a row with another byte between its cells.
pub(crate) fn mask_delimited(row: &[u8], flags: &[bool], delimiter: u8) -> Vec<u8> {
    let spans = split::spans(row, delimiter);
    let slip = spans.len().abs_diff(flags.len());
    let long = spans.len() > flags.len();
    let has_secrets = flags.contains(&true);
    let hidden = |cell: usize| {
        if cell >= flags.len() {
            return has_secrets;
        }
        let (first, last) =
            if long { (cell.saturating_sub(slip), cell) } else { (cell, cell + slip) };
        flags.iter().enumerate().any(|(at, flag)| *flag && (first..=last).contains(&at))
    };
    let mut out = Vec::with_capacity(row.len());
    let mut from = 0;
    for (cell, span) in spans.iter().enumerate() {
        if span.is_empty() {
            continue;
        }
        out.extend_from_slice(&row[from..span.start]);
        if hidden(cell) {
            out.extend_from_slice(MASK);
        } else {
            out.extend_from_slice(&cut_userinfo(&row[span.clone()]));
        }
        from = span.end;
    }
    out.extend_from_slice(&row[from..]);
    out
}

/// A row that cannot be cut into cells: all of it hides where the file has credentials.
pub(crate) fn mask_uncut(row: &[u8], flags: &[bool]) -> Vec<u8> {
    if flags.contains(&true) { MASK.to_vec() } else { cut_userinfo(row).into_owned() }
}

/// Cuts user information out of each URL: `ftp://user:secret@192.0.2.1/` to `ftp://192.0.2.1/`
/// (RFC 3986, section 3.2.1).
pub fn without_userinfo(text: &str) -> Cow<'_, str> {
    match cut_userinfo(text.as_bytes()) {
        // Only whole characters are cut: the marks of a URL are ASCII.
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        Cow::Borrowed(_) => Cow::Borrowed(text),
    }
}

fn cut_userinfo(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'@', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::new();
    let (mut kept, mut from) = (0, 0);
    while let Some(found) = memchr::memmem::find(&text[from..], b"://") {
        let authority = from + found + 3;
        let rest = &text[authority..];
        let end = rest.iter().position(|b| b"/?#\"'<> \t\r\n".contains(b));
        let end = authority + end.unwrap_or(rest.len());
        if let Some(at) = memchr::memrchr(b'@', &text[authority..end]) {
            out.extend_from_slice(&text[kept..authority]);
            kept = authority + at + 1;
        }
        from = end;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(&text[kept..]);
    Cow::Owned(out)
}

//! The words of a mail with a list (送付文): outside its name alone, inside what to do with it; and
//! the words of a server about one, as they may be kept.

use crate::{config::Centre, notices::Notice};

/// Words of a server as they may stand in the store: servers like to repeat to whom a mail went, or
/// where it would go on to, and whom a message reaches is sealed.
pub(in crate::notices) fn hidden(words: &str, target: &str) -> String {
    let words = if target.is_empty() { words.to_owned() } else { words.replace(target, "…") };
    let is_of_one = |c: char| c.is_alphanumeric() || "@.!#$%&*+-/=?^_`{|}~".contains(c);
    let mut told = String::new();
    for part in words.split_inclusive(|c: char| !is_of_one(c)) {
        let one = part.trim_end_matches(|c: char| !is_of_one(c));
        let is_address = one
            .split_once('@')
            .is_some_and(|(name, at)| !name.is_empty() && at.starts_with(char::is_alphanumeric));
        told.push_str(if is_address { "…" } else { one });
        told.push_str(&part[one.len()..]);
    }
    told
}

/// At which server a message ends up, without who reads it there.
pub(super) fn server_of(target: &str) -> String {
    if let Some((scheme, rest)) = target.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        return format!("{scheme}://{host}/…");
    }
    target.rsplit_once('@').map_or_else(|| "…".to_owned(), |(_, domain)| format!("…@{domain}"))
}

/// What everybody on the way reads.
pub(super) fn subject(centre: &Centre, notice: &Notice) -> String {
    format!("【{}】注意喚起リスト {}", centre.name_ja, notice.list_id)
}

/// What the provider reads, once the mail is open.
pub(super) fn text(centre: &Centre, notice: &Notice, lines: usize) -> String {
    let (list, by) = (&notice.list_id, notice.report_by);
    format!(
        "{name}です。\r\n\
         注意喚起の対象となる回線のリスト {list}（{lines}件）をお送りします。\r\n\
         {by_ja}までに、明細ごとの状況をご報告ください。\r\n\
         ご不明な点は {phone}（{hours}）までお問い合わせください。\r\n\
         \r\n\
         This is {name_en}.\r\n\
         Attached is the list {list} of lines whose subscribers are to be warned ({lines} lines).\
         \r\n\
         Please report on each line by {by_en}.\r\n\
         Questions: {phone} ({hours_en}).\r\n",
        name = centre.name_ja,
        by_ja = by.date_ja(),
        phone = centre.phone,
        hours = centre.hours_ja,
        name_en = centre.name_en,
        by_en = by.date_en(),
        hours_en = centre.hours_en,
    )
}

/// How the name of a file in that form ends.
pub(super) fn ending(form: &str) -> &str {
    match form {
        "csv-sjis" => "csv",
        "xarf" | "intelmq" | "n6" => "jsonl",
        "stix" => "json",
        form => form,
    }
}

/// The media type of a form.
pub(super) fn media_type(form: &str) -> &'static str {
    match form {
        "csv" => "text/csv; charset=utf-8",
        "csv-sjis" => "text/csv; charset=windows-31j",
        "stix" => "application/json",
        "jsonl" | "xarf" | "intelmq" | "n6" => "application/jsonl",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_kept_without_the_address_of_anybody() {
        for (words, kept) in [
            ("550 5.1.1 <abuse@isp-a.example> unknown", "550 5.1.1 <…> unknown"),
            ("551 try <mailto:noc+x@other.example>.", "551 try <mailto:…>."),
            ("250 2.0.0 queued as 0003", "250 2.0.0 queued as 0003"),
            ("452 4.2.2 Abuse@ISP-A.example: full @ 12:00", "452 4.2.2 …: full @ 12:00"),
        ] {
            assert_eq!(hidden(words, "abuse@isp-a.example"), kept);
        }
        let hook = "https://hooks.isp-b.example/todoke/secret-path";
        assert_eq!(hidden(&format!("{hook}: status 500"), hook), "…: status 500");
    }

    #[test]
    fn of_where_a_message_went_the_server_is_told() {
        assert_eq!(server_of("abuse@isp-a.example"), "…@isp-a.example");
        assert_eq!(server_of("https://hooks.isp-b.example/a/b"), "https://hooks.isp-b.example/…");
        assert_eq!(server_of("https://me:word@isp-b.example?x"), "https://isp-b.example/…");
        assert_eq!(server_of("nonsense"), "…");
    }
}

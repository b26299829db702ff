//! The words of a mail with a list (送付文): outside its name alone, inside what to do with it.

use crate::{config::Centre, notices::Notice};

/// What everybody on the way reads.
pub(super) fn subject(notice: &Notice) -> String {
    format!("【届け】注意喚起リスト {}", notice.list_id)
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

//! 列名の辞書: what a column is called in Japanese and in English.

/// Names of columns, without blanks, `_`, `-`, `.` and brackets, and the field each stands for.
#[rustfmt::skip]
const NAMES: &[(&str, &[&str])] = &[
    ("detected_at", &[
        "timestamp", "time", "datetime", "detectedat", "detectiontime", "detectiondate",
        "observedat", "lastseen", "timesource", "eventtime", "検知日時", "検知日", "検知時刻",
        "検出日時", "検出日", "観測日時", "観測日", "観測時刻", "発生日時", "通信日時", "日時", "日付",
        "時刻", "タイムスタンプ", "最終検知日時", "調査日時",
    ]),
    ("ip", &[
        "ip", "ipaddress", "ipaddr", "ipv4", "ipv6", "sourceip", "srcip", "address", "host",
        "ipアドレス", "送信元ip", "送信元ipアドレス", "送信元アドレス", "検知ip", "検知ipアドレス",
        "対象ip", "対象ipアドレス", "感染ip", "感染ipアドレス", "発信元ip", "発信元ipアドレス",
        "アドレス", "グローバルip", "グローバルipアドレス",
    ]),
    ("port", &[
        "port", "portnumber", "sourceport", "srcport", "ポート", "ポート番号", "送信元ポート",
        "送信元ポート番号", "検知ポート", "対象ポート", "対象ポート番号", "発信元ポート",
    ]),
    ("proto", &[
        "proto", "protocol", "transport", "プロトコル", "通信プロトコル",
    ]),
    ("peer_ip", &[
        "peerip", "destinationip", "destip", "dstip", "destinationaddress", "targetip", "宛先ip",
        "宛先ipアドレス", "宛先アドレス", "送信先ip", "送信先ipアドレス", "接続先ip",
        "接続先ipアドレス", "通信先ip", "通信先ipアドレス",
    ]),
    ("peer_port", &[
        "peerport", "destinationport", "destport", "dstport", "targetport", "宛先ポート",
        "宛先ポート番号", "送信先ポート", "送信先ポート番号", "接続先ポート", "接続先ポート番号",
        "通信先ポート",
    ]),
    ("exposure", &["exposure", "type", "種別", "検知種別", "分類", "脆弱性種別", "脅威種別"]),
    ("weakness_code", &["weakness", "weaknesscode", "脆弱性区分"]),
    ("kind", &["kind", "application", "service", "サービス", "サービス名", "アプリケーション"]),
    ("severity", &["severity", "深刻度", "重要度", "危険度"]),
    ("asn", &["asn", "as", "asnumber", "sourceasn", "as番号"]),
    ("malware_family", &[
        "malware", "malwarefamily", "malwarename", "family", "infection", "botnet", "マルウェア",
        "マルウェア名", "マルウエア", "マルウエア名", "感染マルウェア", "ウイルス名",
    ]),
    ("device_vendor", &["vendor", "devicevendor", "maker", "メーカー", "メーカ", "ベンダー",
        "ベンダ", "製造元"]),
    ("device_type", &["devicetype", "機器種別", "機種種別", "機器分類"]),
    ("device_model", &["model", "devicemodel", "product", "機種", "機種名", "型番", "製品名",
        "機器名"]),
    ("fw_version", &["version", "firmware", "fwversion", "ファームウェア", "ファームウェア版",
        "ファームウェアバージョン", "バージョン"]),
    ("hostname", &["hostname", "reversedns", "rdns", "fqdn", "ホスト名", "逆引き",
        "逆引きホスト名"]),
    ("tag", &["tag", "tags", "タグ"]),
    ("serial_hash", &["serial", "serialnumber", "serialhash", "deviceserial", "シリアル",
        "シリアル番号", "製造番号"]),
    ("hostkey_sha256", &["hostkey", "hostkeysha256", "ホスト鍵", "ホスト公開鍵"]),
    ("cert_sha256", &["certsha256", "certificatesha256", "証明書フィンガープリント",
        "証明書ハッシュ"]),
];

/// The field a heading stands for.
pub(super) fn field(heading: &str) -> Option<&'static str> {
    let heading: String = crate::text::narrow(heading)
        .to_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace() && !"_-.()[]/:".contains(*c))
        .collect();
    let heading = heading.trim_end_matches("jst").trim_end_matches("utc");
    NAMES.iter().find(|(_, names)| names.contains(&heading)).map(|(field, _)| *field)
}

/// The zone a heading names: `検知日時(JST)`.
pub(super) fn zone(heading: &str) -> Option<&'static str> {
    let upper = crate::text::narrow(heading).to_uppercase();
    ["JST", "UTC"].into_iter().find(|zone| upper.contains(zone))
}

//! What notices say: drafted, decided about, and taken for lines.

use todoke::access::roles::Role;

use super::Walk;
use crate::people::signed_in;

/// Wordings from a draft to the notice about a line of that list.
pub(super) async fn of_wordings(walk: &mut Walk<'_>, list: &str) {
    let centre = walk.centre;
    let editor = &mut signed_in(centre, "words-1", Role::Editor).await;
    let second = &mut signed_in(centre, "words-2", Role::Reviewer).await;
    let staff = &mut signed_in(centre, "texts-1", Role::IspStaff).await;
    let body = "お知らせ\r\n{inquiry_id}\r\n{phone} {genuine}";
    let draft = [("subject", "機器のお知らせ"), ("body", body), ("act", "keep")];
    let [drafts, withdraws, approves, retires] = [
        ("/admin/wordings/{kind}/{language}/draft", "/admin/wordings/mail/ja/draft"),
        ("/admin/wordings/{kind}/{language}/withdraw", "/admin/wordings/mail/ja/withdraw"),
        ("/admin/wordings/{kind}/{language}/approve", "/admin/wordings/mail/ja/approve"),
        ("/admin/wordings/{kind}/{language}/retire", "/admin/wordings/mail/ja/retire"),
    ];
    walk.writes(("words-1", editor), drafts, &draft, "wording.draft").await;
    walk.writes(("words-2", second), approves, &[("version", "1")], "wording.approve").await;
    let another = [("subject", "機器について"), ("body", body), ("act", "keep")];
    walk.writes(("words-1", editor), drafts, &another, "wording.draft").await;
    let why = ("reason", "言葉をまちがえた");
    walk.writes(("words-1", editor), withdraws, &[("version", "2"), why], "wording.retire").await;
    let kit = ("/isp/kit/{kind}/{language}", "/isp/kit/mail/ja");
    walk.writes(("texts-1", staff), kit, &[("list", list), ("form", "csv")], "notice.texts").await;
    let line = format!("/isp/lines/{list}/1/notice");
    let line = ("/isp/lines/{list}/{record}/notice", line.as_str());
    walk.writes(("texts-1", staff), line, &[("of", "mail.ja")], "notice.texts").await;
    walk.writes(("words-2", second), retires, &[("version", "1"), why], "wording.retire").await;
}

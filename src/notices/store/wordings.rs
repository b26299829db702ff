//! SQL of wordings.

use crate::{
    db::{Tx, on_tx},
    notices::wordings::Wording,
    time::Moment,
};

/// All versions with what was decided about them, by kind, language and version.
pub(in crate::notices) async fn all(tx: &mut Tx) -> sqlx::Result<Vec<Wording>> {
    const SQL: &str = "SELECT w.kind, w.language, w.version, w.subject, w.body, w.drafted_at,
             w.drafted_by, a.at AS approved_at, a.author AS approved_by, a.from_at,
             r.at AS retired_at, r.author AS retired_by, r.reason AS retired_because
          FROM wordings w
          LEFT JOIN wording_events a ON a.kind = w.kind AND a.language = w.language
               AND a.version = w.version AND a.fact = 'approved'
          LEFT JOIN wording_events r ON r.kind = w.kind AND r.language = w.language
               AND r.version = w.version AND r.fact = 'retired'
         ORDER BY w.kind, w.language, w.version";
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// Writes a draft.
pub(in crate::notices) async fn insert(tx: &mut Tx, wording: &Wording) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO wordings
             (kind, language, version, subject, body, drafted_at, drafted_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(wording.kind.word())
        .bind(wording.language.word())
        .bind(wording.version)
        .bind(&wording.text.subject)
        .bind(&wording.text.body)
        .bind(wording.drafted_at)
        .bind(&wording.drafted_by)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Writes what somebody decided about a version: approved from some moment, or retired and why.
pub(in crate::notices) async fn insert_event(
    tx: &mut Tx,
    wording: &Wording,
    (by, at): (&str, Moment),
    decided: Decided<'_>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO wording_events
             (kind, language, version, fact, at, author, from_at, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (fact, from, reason) = match decided {
        Decided::Approved(from) => ("approved", Some(from), None),
        Decided::Retired(reason) => ("retired", None, Some(reason)),
    };
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(wording.kind.word())
        .bind(wording.language.word())
        .bind(wording.version)
        .bind(fact)
        .bind(at)
        .bind(by)
        .bind(from)
        .bind(reason)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// What was decided about a version.
pub(in crate::notices) enum Decided<'a> {
    /// It is in force from then on.
    Approved(Moment),
    /// It is in force no more, for this reason.
    Retired(&'a str),
}

//! Many rows at once (一括): one statement for hundreds of rows, the way each engine likes it.
//!
//! On SQLite the cost of `$N` grows with the square of the parameters, so statements take bare `?`
//! in chunks; PostgreSQL takes whole columns by `UNNEST`.

use std::{mem, sync::Arc, time::Duration};

use futures::{FutureExt as _, StreamExt as _, stream::BoxStream};
use sqlx::{AssertSqlSafe, query::Query};

use super::Tx;

/// Keys that one SQLite statement looks up.
const SQLITE_KEYS: usize = 200;
/// Values that one SQLite statement inserts; half or twice as many measured alike.
const SQLITE_VALUES: usize = 4_000;
/// Rows of one PostgreSQL statement.
const POSTGRES_ROWS: usize = 10_000;

/// Rows for which a caller should build columns at once, so that a large batch is not held twice.
pub const SLICE: usize = 5_000;

/// Rows that are waited for one by one: a short result is there in no time.
const FEW: usize = 64;
/// For how long nobody looks for more: some hundred rows come in it, and less than fills a buffer.
const PAUSE: Duration = Duration::from_millis(1);

/// All rows of a large result.
///
/// SQLite reads on a thread of its own, and whoever waits for a row is woken for it. Of 20,000 rows
/// half did so, and the waking took a seventh of the time of a list; so rows that came meanwhile
/// are taken together.
pub async fn gathered<T>(mut rows: BoxStream<'_, sqlx::Result<T>>) -> sqlx::Result<Vec<T>> {
    let mut all = Vec::new();
    while all.len() < FEW {
        match rows.next().await {
            Some(row) => all.push(row?),
            None => return Ok(all),
        }
    }
    loop {
        match rows.next().now_or_never() {
            Some(Some(row)) => all.push(row?),
            Some(None) => return Ok(all),
            None => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// A column of values for [`insert`]; all columns of a call have equal length.
#[derive(Debug, Clone)]
pub enum Column {
    /// Byte strings: keys, spots, ciphertexts.
    Bytes(Vec<Vec<u8>>),
    /// Byte strings or nothing.
    BytesOrNull(Vec<Option<Vec<u8>>>),
    /// Numbers and moments.
    Int(Vec<i64>),
    /// Numbers or nothing.
    IntOrNull(Vec<Option<i64>>),
    /// Texts.
    Text(Vec<String>),
    /// Texts or nothing.
    TextOrNull(Vec<Option<String>>),
    /// A few words again and again.
    Word(Vec<Arc<str>>),
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(v) => v.len(),
            Self::BytesOrNull(v) => v.len(),
            Self::Int(v) => v.len(),
            Self::IntOrNull(v) => v.len(),
            Self::Text(v) => v.len(),
            Self::TextOrNull(v) => v.len(),
            Self::Word(v) => v.len(),
        }
    }

    fn postgres_type(&self) -> &'static str {
        match self {
            Self::Bytes(_) | Self::BytesOrNull(_) => "BYTEA[]",
            Self::Int(_) | Self::IntOrNull(_) => "BIGINT[]",
            Self::Text(_) | Self::TextOrNull(_) | Self::Word(_) => "TEXT[]",
        }
    }

    /// Binds a cell, which is taken out: each is bound once.
    fn bind_cell<'q>(&mut self, q: SqliteQuery<'q>, row: usize) -> SqliteQuery<'q> {
        match self {
            Self::Bytes(v) => q.bind(mem::take(&mut v[row])),
            Self::BytesOrNull(v) => q.bind(v[row].take()),
            Self::Int(v) => q.bind(v[row]),
            Self::IntOrNull(v) => q.bind(v[row]),
            Self::Text(v) => q.bind(mem::take(&mut v[row])),
            Self::TextOrNull(v) => q.bind(v[row].take()),
            Self::Word(v) => q.bind(v[row].clone()),
        }
    }

    fn bind_rows<'q>(&self, q: PostgresQuery<'q>, from: usize, to: usize) -> PostgresQuery<'q> {
        match self {
            Self::Bytes(v) => q.bind(v[from..to].to_vec()),
            Self::BytesOrNull(v) => q.bind(v[from..to].to_vec()),
            Self::Int(v) => q.bind(v[from..to].to_vec()),
            Self::IntOrNull(v) => q.bind(v[from..to].to_vec()),
            Self::Text(v) => q.bind(v[from..to].to_vec()),
            Self::TextOrNull(v) => q.bind(v[from..to].to_vec()),
            Self::Word(v) => {
                q.bind(v[from..to].iter().map(ToString::to_string).collect::<Vec<_>>())
            }
        }
    }
}

type SqliteQuery<'q> = Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;
type PostgresQuery<'q> = Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// Where rows go: `INSERT INTO {table} ({columns}) … {conflict}`, all of it program text.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The table.
    pub table: &'static str,
    /// Its columns, comma-separated, in the order of the values.
    pub columns: &'static str,
    /// Empty, or an `ON CONFLICT` clause.
    pub conflict: &'static str,
}

/// Inserts `values` into `target`; gives the number of rows that went in.
pub async fn insert<const N: usize>(
    tx: &mut Tx,
    target: Target,
    mut values: [Column; N],
) -> sqlx::Result<u64> {
    let Target { table, columns, conflict } = target;
    let rows = values.first().map_or(0, Column::len);
    debug_assert!(values.iter().all(|c| c.len() == rows), "columns of unequal length");
    let mut done = 0;
    match tx {
        Tx::Sqlite(tx) => {
            let one = format!("({})", ["?"; N].join(","));
            for from in (0..rows).step_by(SQLITE_VALUES / N) {
                let to = rows.min(from + SQLITE_VALUES / N);
                let many = vec![one.as_str(); to - from].join(",");
                // A fault rolls the whole transaction back. `OR FAIL` says that to the engine,
                // which otherwise copies each page that a statement touches, to undo that alone.
                let sql =
                    format!("INSERT OR FAIL INTO {table} ({columns}) VALUES {many} {conflict}");
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for row in from..to {
                    for column in &mut values {
                        query = column.bind_cell(query, row);
                    }
                }
                done += query.execute(&mut **tx).await?.rows_affected();
            }
        }
        Tx::Postgres(tx) => {
            let arrays = postgres_arrays(&values);
            let sql = format!(
                "INSERT INTO {table} ({columns}) SELECT * FROM UNNEST({arrays}) {conflict}"
            );
            for from in (0..rows).step_by(POSTGRES_ROWS) {
                let to = rows.min(from + POSTGRES_ROWS);
                let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
                for column in &values {
                    query = column.bind_rows(query, from, to);
                }
                done += query.execute(&mut **tx).await?.rows_affected();
            }
        }
    }
    Ok(done)
}

/// Rows of `{select} WHERE {column} IN (keys)`, in no order; `select` is program text.
pub async fn select_in<T>(
    tx: &mut Tx,
    select: &'static str,
    column: &'static str,
    keys: &[Vec<u8>],
) -> sqlx::Result<Vec<T>>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin,
{
    select_keyed(tx, &format!("{select} WHERE {column}"), None, keys).await
}

/// Rows of `{select} IN (keys)` for the keys of one owner, bound as `$1`, in no order; `select` is
/// program text that ends in the column, such as `SELECT … FROM t WHERE isp_id = $1 AND case_id`.
pub async fn select_of<T>(
    tx: &mut Tx,
    select: &'static str,
    owner: &[u8],
    keys: &[Vec<u8>],
) -> sqlx::Result<Vec<T>>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin,
{
    select_keyed(tx, select, Some(owner), keys).await
}

/// Both: `select` ends in the column of the keys and names the owner, where there is one, as `$1`.
async fn select_keyed<T>(
    tx: &mut Tx,
    select: &str,
    owner: Option<&[u8]>,
    keys: &[Vec<u8>],
) -> sqlx::Result<Vec<T>>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin,
{
    let mut found = Vec::new();
    match tx {
        Tx::Sqlite(tx) => {
            let select = select.replace("$1", "?");
            for keys in keys.chunks(SQLITE_KEYS) {
                let marks = vec!["?"; keys.len()].join(",");
                let mut query = sqlx::query_as(AssertSqlSafe(format!("{select} IN ({marks})")));
                for value in owner.into_iter().chain(keys.iter().map(Vec::as_slice)) {
                    query = query.bind(value);
                }
                found.extend(query.fetch_all(&mut **tx).await?);
            }
        }
        Tx::Postgres(tx) => {
            let mark = if owner.is_some() { "$2" } else { "$1" };
            let sql = format!("{select} = ANY({mark})");
            for keys in keys.chunks(POSTGRES_ROWS) {
                let mut query = sqlx::query_as(AssertSqlSafe(sql.clone()));
                if let Some(owner) = owner {
                    query = query.bind(owner);
                }
                found.extend(query.bind(keys.to_vec()).fetch_all(&mut **tx).await?);
            }
        }
    }
    Ok(found)
}

/// Sets `column` in rows of one owner, each by its key: `{table}` has the columns `isp_id` and
/// `id`; both names are program text.
pub async fn set_of(
    tx: &mut Tx,
    (table, column): (&'static str, &'static str),
    owner: &[u8],
    values: &[(Vec<u8>, Option<Vec<u8>>)],
) -> sqlx::Result<()> {
    match tx {
        Tx::Sqlite(tx) => {
            let sql = format!("UPDATE {table} SET {column} = ? WHERE isp_id = ? AND id = ?");
            for (key, value) in values {
                let query = sqlx::query(AssertSqlSafe(sql.clone()));
                let query = query.bind(value.as_deref()).bind(owner).bind(key.as_slice());
                query.execute(&mut **tx).await?;
            }
        }
        Tx::Postgres(tx) => {
            let sql = format!(
                "UPDATE {table} AS t SET {column} = v.value
                   FROM UNNEST($2::BYTEA[], $3::BYTEA[]) AS v (key, value)
                  WHERE t.isp_id = $1 AND t.id = v.key"
            );
            for values in values.chunks(POSTGRES_ROWS) {
                let (keys, new): (Vec<_>, Vec<_>) = values.iter().cloned().unzip();
                let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(owner);
                query.bind(keys).bind(new).execute(&mut **tx).await?;
            }
        }
    }
    Ok(())
}

/// Runs `{delete} IN (keys)` for the keys of one owner, bound as `$1`; `delete` is program text
/// that ends in the column, such as `DELETE FROM t WHERE isp_id = $1 AND case_id`.
pub async fn delete_of(
    tx: &mut Tx,
    delete: &'static str,
    owner: &[u8],
    keys: &[Vec<u8>],
) -> sqlx::Result<u64> {
    let mut gone = 0;
    match tx {
        Tx::Sqlite(tx) => {
            let delete = delete.replace("$1", "?");
            for keys in keys.chunks(SQLITE_KEYS) {
                let marks = vec!["?"; keys.len()].join(",");
                let mut query =
                    sqlx::query(AssertSqlSafe(format!("{delete} IN ({marks})"))).bind(owner);
                for key in keys {
                    query = query.bind(key.as_slice());
                }
                gone += query.execute(&mut **tx).await?.rows_affected();
            }
        }
        Tx::Postgres(tx) => {
            for keys in keys.chunks(POSTGRES_ROWS) {
                let query = sqlx::query(AssertSqlSafe(format!("{delete} = ANY($2)")));
                let done = query.bind(owner).bind(keys.to_vec()).execute(&mut **tx).await?;
                gone += done.rows_affected();
            }
        }
    }
    Ok(gone)
}

/// Rows of `{select} (numbers)`, in no order; `select` is program text that ends in `IN`.
pub async fn select_numbered<T>(
    tx: &mut Tx,
    select: &'static str,
    numbers: &[i64],
) -> sqlx::Result<Vec<T>>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin,
{
    let mut found = Vec::new();
    for numbers in numbers.chunks(POSTGRES_ROWS) {
        match tx {
            Tx::Sqlite(tx) => {
                let sql = format!("{select} (SELECT value FROM json_each(?))");
                let query = sqlx::query_as(AssertSqlSafe(sql)).bind(json(numbers));
                found.extend(query.fetch_all(&mut **tx).await?);
            }
            Tx::Postgres(tx) => {
                let sql = format!("{select} (SELECT UNNEST($1::BIGINT[]))");
                let query = sqlx::query_as(AssertSqlSafe(sql)).bind(numbers);
                found.extend(query.fetch_all(&mut **tx).await?);
            }
        }
    }
    Ok(found)
}

/// Runs `{update} (numbers)` for rows of one parent: `$1` is a word, `$2` a number that goes with
/// it, `$3` and `$4` the key of the parent; `update` is program text that ends in `IN`.
pub async fn update_numbered(
    tx: &mut Tx,
    update: &'static str,
    (word, number): (&str, i64),
    parent: [&[u8]; 2],
    numbers: &[i64],
) -> sqlx::Result<u64> {
    let mut done = 0;
    for numbers in numbers.chunks(POSTGRES_ROWS) {
        done += match tx {
            Tx::Sqlite(tx) => {
                let sql = format!("{update} (SELECT value FROM json_each($5))");
                let query = sqlx::query(AssertSqlSafe(sql)).bind(word).bind(number);
                let query = query.bind(parent[0]).bind(parent[1]).bind(json(numbers));
                query.execute(&mut **tx).await?.rows_affected()
            }
            Tx::Postgres(tx) => {
                let sql = format!("{update} (SELECT UNNEST($5::BIGINT[]))");
                let query = sqlx::query(AssertSqlSafe(sql)).bind(word).bind(number);
                let query = query.bind(parent[0]).bind(parent[1]).bind(numbers);
                query.execute(&mut **tx).await?.rows_affected()
            }
        };
    }
    Ok(done)
}

fn json(numbers: &[i64]) -> String {
    let mut text = String::with_capacity(9 * numbers.len() + 2);
    text.push('[');
    for number in numbers {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&number.to_string());
    }
    text.push(']');
    text
}

fn postgres_arrays(values: &[Column]) -> String {
    let typed = |(n, column): (usize, &Column)| format!("${n}::{}", column.postgres_type());
    (1..).zip(values).map(typed).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    /// Rows up to `last`, some of which are a while in coming; behind them a fault, where there is
    /// to be one.
    fn rows(last: u32, fault: Option<sqlx::Error>) -> BoxStream<'static, sqlx::Result<u32>> {
        let rows = stream::iter(1..=last).then(async |row| {
            if row % 100 == 0 {
                tokio::time::sleep(PAUSE).await;
            }
            Ok(row)
        });
        rows.chain(stream::iter(fault.map(Err))).boxed()
    }

    #[tokio::test]
    async fn all_rows_of_a_large_result_are_gathered_and_a_fault_behind_them_is_told() {
        for last in [0, 10, 64, 65, 3_000] {
            let all: Vec<u32> = (1..=last).collect();
            assert_eq!(gathered(rows(last, None)).await.unwrap(), all);
        }
        for last in [10, 3_000] {
            let fault = gathered(rows(last, Some(sqlx::Error::RowNotFound))).await;
            assert!(matches!(fault, Err(sqlx::Error::RowNotFound)));
        }
    }
}

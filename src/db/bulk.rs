//! Many rows at once (一括): one statement for hundreds of rows, the way each engine likes it.
//!
//! On SQLite the cost of `$N` grows with the square of the parameters, so statements take bare `?`
//! in chunks; PostgreSQL takes whole columns by `UNNEST`.

use sqlx::{AssertSqlSafe, query::Query};

use super::Tx;

/// Rows of one SQLite statement; 100 to 500 measured alike, more is slower.
const SQLITE_ROWS: usize = 200;
/// Rows of one PostgreSQL statement.
const POSTGRES_ROWS: usize = 10_000;

/// Rows for which a caller should build columns at once, so that a large batch is not held twice.
pub const SLICE: usize = 5_000;

/// A column of values for [`insert`] or [`update`]; all columns of a call have equal length.
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
        }
    }

    fn postgres_type(&self) -> &'static str {
        match self {
            Self::Bytes(_) | Self::BytesOrNull(_) => "BYTEA[]",
            Self::Int(_) | Self::IntOrNull(_) => "BIGINT[]",
            Self::Text(_) | Self::TextOrNull(_) => "TEXT[]",
        }
    }

    fn bind_cell<'q>(&self, q: SqliteQuery<'q>, row: usize) -> SqliteQuery<'q> {
        match self {
            Self::Bytes(v) => q.bind(v[row].as_slice()),
            Self::BytesOrNull(v) => q.bind(v[row].as_deref()),
            Self::Int(v) => q.bind(v[row]),
            Self::IntOrNull(v) => q.bind(v[row]),
            Self::Text(v) => q.bind(v[row].as_str()),
            Self::TextOrNull(v) => q.bind(v[row].as_deref()),
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
pub async fn insert(tx: &mut Tx, target: Target, values: &[Column]) -> sqlx::Result<u64> {
    let Target { table, columns, conflict } = target;
    let text = |source: Source<'_>| match source {
        Source::Values(rows) => {
            format!("INSERT INTO {table} ({columns}) VALUES {rows} {conflict}")
        }
        Source::Arrays(arrays) => {
            format!("INSERT INTO {table} ({columns}) SELECT * FROM UNNEST({arrays}) {conflict}")
        }
    };
    run(tx, values, text).await
}

/// Where a statement takes its rows from.
enum Source<'a> {
    /// SQLite: `(?,?),(?,?),…`.
    Values(&'a str),
    /// PostgreSQL: `$1::…[],$2::…[],…`.
    Arrays(&'a str),
}

/// Runs the statement of `text` over all rows, as many at once as suits the engine; gives the
/// number of rows it touched.
async fn run(
    tx: &mut Tx,
    values: &[Column],
    text: impl Fn(Source<'_>) -> String,
) -> sqlx::Result<u64> {
    let rows = values.first().map_or(0, Column::len);
    debug_assert!(values.iter().all(|c| c.len() == rows), "columns of unequal length");
    let mut done = 0;
    match tx {
        Tx::Sqlite(tx) => {
            let one = format!("({})", vec!["?"; values.len()].join(","));
            for from in (0..rows).step_by(SQLITE_ROWS) {
                let to = rows.min(from + SQLITE_ROWS);
                let many = vec![one.as_str(); to - from].join(",");
                let mut query = sqlx::query(AssertSqlSafe(text(Source::Values(&many))));
                for row in from..to {
                    for column in values {
                        query = column.bind_cell(query, row);
                    }
                }
                done += query.execute(&mut **tx).await?.rows_affected();
            }
        }
        Tx::Postgres(tx) => {
            let sql = text(Source::Arrays(&postgres_arrays(values)));
            for from in (0..rows).step_by(POSTGRES_ROWS) {
                let to = rows.min(from + POSTGRES_ROWS);
                let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
                for column in values {
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
    let mut found = Vec::new();
    match tx {
        Tx::Sqlite(tx) => {
            for keys in keys.chunks(SQLITE_ROWS) {
                let marks = vec!["?"; keys.len()].join(",");
                let sql = format!("{select} WHERE {column} IN ({marks})");
                let mut query = sqlx::query_as(AssertSqlSafe(sql));
                for key in keys {
                    query = query.bind(key.as_slice());
                }
                found.extend(query.fetch_all(&mut **tx).await?);
            }
        }
        Tx::Postgres(tx) => {
            let sql = format!("{select} WHERE {column} = ANY($1)");
            for keys in keys.chunks(POSTGRES_ROWS) {
                let query = sqlx::query_as(AssertSqlSafe(sql.clone()));
                found.extend(query.bind(keys.to_vec()).fetch_all(&mut **tx).await?);
            }
        }
    }
    Ok(found)
}

/// What changes: `UPDATE {table} SET {set} FROM {values} v WHERE {matching}`, all program text.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// The table.
    pub table: &'static str,
    /// Names of the values' columns, comma-separated; `v.` goes before them.
    pub columns: &'static str,
    /// Assignments from `v`.
    pub set: &'static str,
    /// Which row of the table a value belongs to.
    pub matching: &'static str,
}

/// Changes one row for each of `values`; gives the number of rows that changed.
pub async fn update(tx: &mut Tx, change: Change, values: &[Column]) -> sqlx::Result<u64> {
    let Change { table, columns, set, matching } = change;
    let text = |source: Source<'_>| match source {
        Source::Values(rows) => format!(
            "WITH v({columns}) AS (VALUES {rows}) UPDATE {table} SET {set} FROM v WHERE {matching}"
        ),
        Source::Arrays(arrays) => format!(
            "UPDATE {table} SET {set} FROM UNNEST({arrays}) AS v({columns}) WHERE {matching}"
        ),
    };
    run(tx, values, text).await
}

fn postgres_arrays(values: &[Column]) -> String {
    let typed = |(n, column): (usize, &Column)| format!("${n}::{}", column.postgres_type());
    (1..).zip(values).map(typed).collect::<Vec<_>>().join(",")
}

//! Rows that come one by one, of which the next can be looked at.

use futures::{StreamExt as _, stream::BoxStream};

/// Rows as the engine hands them out, one by one.
pub(in crate::check) type Rows<'a, T> = BoxStream<'a, sqlx::Result<T>>;

/// Rows of which the next one can be looked at.
pub(in crate::check) struct Heads<'a, T> {
    rows: Rows<'a, T>,
    head: Option<T>,
}

impl<'a, T> Heads<'a, T> {
    /// Before the first row.
    pub(in crate::check) async fn of(mut rows: Rows<'a, T>) -> sqlx::Result<Self> {
        let head = rows.next().await.transpose()?;
        Ok(Self { rows, head })
    }

    /// The next row, which stays.
    pub(in crate::check) fn peek(&self) -> Option<&T> {
        self.head.as_ref()
    }

    /// The next row, if it is one of `these`.
    pub(in crate::check) async fn next_if(
        &mut self,
        these: impl Fn(&T) -> bool,
    ) -> sqlx::Result<Option<T>> {
        if !self.head.as_ref().is_some_and(these) {
            return Ok(None);
        }
        let next = self.rows.next().await.transpose()?;
        Ok(std::mem::replace(&mut self.head, next))
    }

    /// All rows from here on that are of `these`.
    pub(in crate::check) async fn all(
        &mut self,
        these: impl Fn(&T) -> bool,
    ) -> sqlx::Result<Vec<T>> {
        let mut found = Vec::new();
        while let Some(row) = self.next_if(&these).await? {
            found.push(row);
        }
        Ok(found)
    }
}

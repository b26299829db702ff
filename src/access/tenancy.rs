//! Tenancy (事業者の範囲): the handle by which one provider's data is read and written.
//!
//! Whatever a provider may do takes a [`Tenant`] instead of the application: it names the provider
//! and who acts, and on PostgreSQL its transactions see no row of another one. Owns no table.

use uuid::Uuid;

use super::store;
use crate::{app::App, config::Centre, db::Tx, ids::IspId, time::Moment};

/// One provider's part of the centre, in the hands of somebody (事業者の範囲).
///
/// The store behind it is out of reach: a handler that has nothing but this cannot ask for another
/// provider's rows.
///
/// ```compile_fail
/// fn peek(tenant: &todoke::access::tenancy::Tenant) -> &todoke::db::Db {
///     &tenant.app.db
/// }
/// ```
#[derive(Clone)]
#[doc(alias = "事業者の範囲")]
pub struct Tenant {
    app: App,
    isp: IspId,
    code: String,
    by: String,
}

impl Tenant {
    /// The part of the provider of that key and code, in the hands of `by`.
    pub fn of(app: &App, isp: IspId, code: &str, by: &str) -> Self {
        let app = app.clone().in_the_hands_of(by);
        Self { app, isp, code: code.to_owned(), by: by.to_owned() }
    }

    /// Whose part it is.
    pub fn isp(&self) -> IspId {
        self.isp
    }

    /// The provider's short name.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Who acts: the name of an account, a token, or whoever runs a command.
    pub fn by(&self) -> &str {
        &self.by
    }

    /// The present.
    pub fn now(&self) -> Moment {
        self.app.now()
    }

    /// Who runs the centre.
    pub fn centre(&self) -> &Centre {
        &self.app.centre
    }

    /// A fresh key.
    pub fn fresh_id(&self) -> Uuid {
        self.app.fresh_id()
    }

    /// The application, for verbs of stages that check the provider themselves. Handlers have no
    /// use for it, and `cargo xtask tidy` finds one that takes it.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// Begins a transaction that may write this provider's rows.
    pub async fn begin(&self) -> crate::db::Result<Tx> {
        let mut tx = self.app.db.begin().await?;
        store::confine(&mut tx, self.isp).await?;
        Ok(tx)
    }

    /// Begins a transaction that reads this provider's rows as they stand at its first query.
    pub async fn snapshot(&self) -> crate::db::Result<Tx> {
        let mut tx = self.app.db.snapshot().await?;
        store::confine(&mut tx, self.isp).await?;
        Ok(tx)
    }
}

impl std::fmt::Debug for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenant")
            .field("code", &self.code)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

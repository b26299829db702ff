//! Accounts of the demonstration: one for each kind of work, with what opens it.

use serde::Serialize;

use crate::{
    access::{
        accounts::{self, Hand, Invitation},
        doors::Level,
        factors::{self, Shown},
        roles::Role,
        sessions,
    },
    app::App,
    isps,
    web::session::fresh_secret,
};

/// The accounts that can be entered without a device.
const ROLES: [Role; 7] = [
    Role::Intake,
    Role::Office,
    Role::Auditor,
    Role::Editor,
    Role::Reviewer,
    Role::IspManager,
    Role::IspStaff,
];

/// What opens an account of the demonstration.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Login {
    name: String,
    role: &'static str,
    isp: Option<String>,
    password: String,
    /// Recovery codes, each of which opens once, in place of an app.
    codes: Vec<String>,
}

impl Login {
    /// One line for people.
    pub(super) fn words(&self) -> String {
        let codes: Vec<&str> = self.codes.iter().take(3).map(String::as_str).collect();
        format!("  {:<14} {}   {}", self.name, self.password, codes.join(" "))
    }
}

/// Makes an account for each kind of work; those of providers belong to the first one.
pub(super) async fn make(app: &App) -> anyhow::Result<Vec<Login>> {
    let providers = isps::all(&app.db).await?;
    let mut logins = Vec::new();
    for role in ROLES {
        let isp = providers.first().filter(|_| role.is_of_provider());
        let invitation =
            Invitation { name: role.word(), role, isp: isp.map(|isp| (isp.id, &isp.code[..])) };
        let account = accounts::invite(app, invitation, Hand::Machine("demo")).await??;
        let password = fresh_secret(app)[..16].to_owned();
        factors::set_password(app, (&account, None), &password).await??;
        let codes = factors::make_codes(app, (&account, None)).await??;
        // The account is confirmed as by somebody who has shown one of these codes.
        let first = sessions::open(app, &account, Level::First).await?;
        if let Some(session) = sessions::resume(app, &first).await? {
            let secret = sessions::raise(app, &session, Shown::RecoveryCode).await?;
            sessions::leave(app, &secret).await?;
        }
        logins.push(Login {
            name: account.name,
            role: role.word(),
            isp: account.isp,
            password,
            codes,
        });
    }
    Ok(logins)
}

//! What is known of the outside provider (提供元の公開情報): where it is asked, and its keys.
//!
//! It is asked by the project's own client, at the servers of the settings alone, and what it says
//! is kept for an hour. Owns no table.

use std::{pin::Pin, sync::Arc, time::Duration};

use openidconnect::{
    AsyncHttpClient, HttpRequest, HttpResponse, IssuerUrl, core::CoreProviderMetadata,
};
use tokio::sync::Mutex;

use super::OidcRefused;
use crate::{
    app::App,
    config::Oidc,
    net::{Trouble, dial::Dialling, outgoing, outgoing::Outgoing},
    time::Moment,
};

/// For how long a provider that is out of reach is not asked again, in microseconds.
const FAILED: i64 = 10_000_000;
/// The longest that it may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Its answers are not longer.
const ANSWER_MAX: u64 = 256 << 10;

/// The library's way to the provider's servers, and to no other.
pub(super) struct Http(Outgoing);

/// A client for those servers.
pub(super) fn http(settings: &Oidc) -> Result<Http, Trouble> {
    let (allow_private, ca_file) = (settings.allow_private, settings.ca_file.clone());
    let mut urls = vec![settings.issuer.as_str()];
    urls.extend(settings.servers.iter().map(String::as_str));
    Outgoing::within(&urls, &Dialling { allow_private, ca_file }, PATIENCE).map(Http)
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Trouble>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { Ok(self.0.call(request, ANSWER_MAX).await?.into_response()) })
    }
}

/// What the provider says of itself (提供元の公開情報), and when it was asked.
#[derive(Default)]
pub struct Known(Mutex<Option<(Moment, Option<Arc<CoreProviderMetadata>>)>>);

impl Known {
    /// What it says, no older than `age`. Whoever asks while somebody is asking waits for that.
    pub(super) async fn of(
        &self,
        app: &App,
        settings: &Oidc,
        age: i64,
    ) -> Result<CoreProviderMetadata, OidcRefused> {
        let mut kept = self.0.lock().await;
        let now = app.now();
        if let Some((at, found)) = &*kept {
            let age = if found.is_some() { age } else { FAILED };
            if (0..age).contains(&(now.0 - at.0)) {
                return found.as_deref().cloned().ok_or(OidcRefused::Unreached);
            }
        }
        let found = match discover(settings).await {
            Ok(found) => Some(found),
            Err(why) => {
                tracing::warn!("the provider {} is out of reach: {why:#}", settings.issuer);
                None
            }
        };
        *kept = Some((now, found.clone().map(Arc::new)));
        found.ok_or(OidcRefused::Unreached)
    }
}

/// Asks the provider where it is asked, and by which keys it signs.
async fn discover(settings: &Oidc) -> anyhow::Result<CoreProviderMetadata> {
    let (http, issuer) = (http(settings)?, IssuerUrl::new(settings.issuer.clone())?);
    let known = CoreProviderMetadata::discover_async(issuer, &http).await?;
    // Browsers are sent there: a page of the web, and nothing else that an address can be.
    let page = known.authorization_endpoint().as_str();
    outgoing::objection(page).map_or(Ok(()), |why| Err(anyhow::anyhow!(why)))?;
    Ok(known)
}

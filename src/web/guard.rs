//! The guard at the door (防護): headers on every answer, no form from another site, one language.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Redirect, Response},
};

use super::{session::STAFF, texts::Lang};

/// Nothing from elsewhere, nothing inline, no frame around us.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CSP),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Puts the headers on every answer; what says nothing about caching is kept nowhere.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let set = answer.headers_mut();
    for (name, value) in ALWAYS {
        set.insert(name, HeaderValue::from_static(value));
    }
    set.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// Refuses a changing request that another site's page sent (403).
pub async fn same_site(request: Request, next: Next) -> Response {
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if changes && !is_same_site(request.headers()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

/// Whether a changing request may be ours.
///
/// Browsers since 2020–2023 send `Sec-Fetch-Site`, and that decides. Older ones send `Origin`,
/// which our own `no-referrer` turns into `null`: neither that nor its absence tells anything. What
/// comes so with a session of the office or of a provider is refused. The public is served: its
/// browsers keep to `SameSite=Lax`, so that a strange page's form arrives without the session, and
/// without one all that can be sent is an ID. See `docs/decisions/0016-forms-without-tokens.md`.
fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    match text(header::ORIGIN) {
        None | Some("null") => STAFF.secret(headers).is_none(),
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text(header::HOST)
        }
    }
}

/// Turns `?lang=en` into the path form, so that each language has addresses of its own.
pub async fn language_in_path(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let (asked, rest): (Vec<&str>, Vec<&str>) =
        query.split('&').filter(|part| !part.is_empty()).partition(|p| p.starts_with("lang="));
    let lang = asked.last().and_then(|part| Lang::of_code(&part["lang=".len()..]));
    let Some(lang) = lang.filter(|_| request.method() == Method::GET) else {
        return next.run(request).await;
    };
    let (_, path) = Lang::of_path(request.uri().path());
    // A path that begins with two slashes would be another site's address.
    let path = format!("/{}", path.trim_start_matches(['/', '\\']));
    let rest = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    Redirect::to(&format!("{}{rest}", lang.href(&path))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("todoke.example"));
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        is_same_site(&headers)
    }

    #[test]
    fn a_form_of_another_site_is_refused_and_an_old_browser_is_not() {
        assert!(same(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!same(&[("sec-fetch-site", "cross-site"), ("origin", "https://todoke.example")]));
        assert!(!same(&[("sec-fetch-site", "same-site")]));
        assert!(same(&[("origin", "https://todoke.example")]));
        assert!(!same(&[("origin", "https://todoke.example.evil.test")]));
        assert!(!same(&[("origin", "todoke.example")]));
        assert!(same(&[]) && same(&[("origin", "null")]));
    }

    #[test]
    fn a_session_of_the_office_is_used_by_no_form_of_which_nobody_says_where_it_comes_from() {
        let cookie = format!("__Host-todoke-staff={}", "a".repeat(64));
        let staff = ("cookie", cookie.as_str());
        assert!(!same(&[staff]) && !same(&[staff, ("origin", "null")]));
        assert!(same(&[staff, ("sec-fetch-site", "same-origin")]));
        assert!(same(&[staff, ("origin", "https://todoke.example")]));
        assert!(same(&[("cookie", "__Host-todoke=x"), ("origin", "null")]));
    }
}

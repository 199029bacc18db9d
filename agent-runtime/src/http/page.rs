//! The patient's page and the console, and the files that they load.
//!
//! Files are built and embedded (`frontdesk-web`). The patient's page is completed here: it is told
//! what anybody may know of the clinic, so that it needs no request for it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use frontdesk_tenants::directory::is_slug;
use frontdesk_web::{ASSETS, CALL_PAGE, CONSOLE_PAGE, LICENCES};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::calls::RETRY_FULL;
use super::{Problem, PublicClinic, Service, Site, status};

/// What the page's scripts may do: this site's files, and the connection of the call.
pub(super) fn policy(livekit_url: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         media-src 'self' blob:; connect-src 'self' {}; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        sources(livekit_url)
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The LiveKit server, and over HTTP as well: the client asks there why a connection was refused.
fn sources(livekit_url: &str) -> String {
    let (scheme, rest) = livekit_url.split_once("://").unwrap_or(("wss", livekit_url));
    let host = rest.split('/').next().unwrap_or_default();
    let http = if scheme == "ws" { "http" } else { "https" };
    // The client of LiveKit's cloud looks for a server near by.
    let cloud = host.split(':').next().is_some_and(|name| name.ends_with(".livekit.cloud"));
    let near = if cloud { " wss://*.livekit.cloud https://*.livekit.cloud" } else { "" };
    format!("{scheme}://{host} {http}://{host}{near}")
}

/// `/`: a browser is led to the default clinic's page; a probe of LiveKit's convention gets `OK`.
pub(super) async fn root<S: Service>(
    State(site): State<Arc<Site<S>>>,
    headers: HeaderMap,
) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let browser = accept.is_some_and(|accept| accept.contains("text/html"));
    match &site.options.default_clinic {
        Some(clinic) if browser => {
            let to = Redirect::to(&format!("/call/{clinic}"));
            ([(header::CACHE_CONTROL, "no-store")], to).into_response()
        }
        _ => status::root(State(Arc::clone(&site.service))).await,
    }
}

/// `/call/{slug}`. Where there is no such clinic the page says so, with status 404.
pub(super) async fn call<S: Service>(
    State(site): State<Arc<Site<S>>>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let clinic = if is_slug(&slug) { site.service.clinic(&slug).await } else { Ok(None) };
    let clinic = clinic.map_err(|why| {
        tracing::error!(why, "clinic not looked up");
        let detail = "the clinic cannot be looked up at the moment";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(RETRY_FULL)
    })?;
    let page = frontdesk_web::file(CALL_PAGE);
    let page = page.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "the page was not built"))?;
    let html = complete(&String::from_utf8_lossy(page.bytes()), clinic.as_ref());
    let tag = etag(&Sha256::digest(&html));
    let common = page_headers(&site, &tag, "microphone=(self), camera=(self)");
    if clinic.is_some() && is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let status = if clinic.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let kind = [(header::CONTENT_TYPE, frontdesk_web::media_type(CALL_PAGE))];
    Ok((status, common, kind, html).into_response())
}

/// `/console`: the same for everybody; who may see what is asked for by its requests.
pub(super) async fn console<S: Service>(
    State(site): State<Arc<Site<S>>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let page = frontdesk_web::file(CONSOLE_PAGE);
    let page = page.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "the page was not built"))?;
    let tag = etag(&page.sha256());
    let common = page_headers(&site, &tag, "microphone=(self), camera=()");
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let kind = [(header::CONTENT_TYPE, frontdesk_web::media_type(CONSOLE_PAGE))];
    Ok((common, kind, page.into_bytes()).into_response())
}

/// What each page says of itself; `devices` are those that it may ask for.
fn page_headers<S>(
    site: &Site<S>,
    tag: &HeaderValue,
    devices: &'static str,
) -> [(HeaderName, HeaderValue); 5] {
    let permissions = format!("{devices}, geolocation=(), display-capture=()");
    [
        (header::CONTENT_SECURITY_POLICY, site.policy.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, tag.clone()),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_str(&permissions).unwrap_or(HeaderValue::from_static("")),
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ]
}

/// The page with what it is to know of the clinic.
fn complete(html: &str, clinic: Option<&PublicClinic>) -> String {
    let (facts, title) = match clinic {
        Some(clinic) => {
            let PublicClinic { name, phone, emergency_number, speaks } = clinic;
            let facts = json!({
                "name": name, "phone": phone, "emergency": emergency_number, "speaks": speaks,
            });
            (facts.to_string(), name.as_str())
        }
        None => (String::new(), "Frontdesk"),
    };
    // In one go: nothing that was put in is looked through again.
    let mut out = String::with_capacity(html.len() + facts.len() + 256);
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        match name {
            "clinic" => out.push_str(&escape(&facts)),
            "title" => out.push_str(&escape(title)),
            _ => {}
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// For text and for quoted attributes of HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// `/assets/{name}`: never changes, so browsers ask once.
pub(super) async fn asset(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = format!("{ASSETS}/{name}");
    let nothing = || Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at /{path}"));
    if name.contains('/') || name.ends_with(".br") {
        return Err(nothing());
    }
    let plain = frontdesk_web::file(&path).ok_or_else(nothing)?;
    let small =
        takes_brotli(&headers).then(|| frontdesk_web::file(&format!("{path}.br"))).flatten();
    let is_small = small.is_some();
    let file = small.unwrap_or(plain);
    let tag = etag(&file.sha256());
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let kind = [(header::CONTENT_TYPE, frontdesk_web::media_type(&path))];
    let body = match file.into_bytes() {
        std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes),
    };
    let mut response = (common, kind, body).into_response();
    if is_small {
        let br = HeaderValue::from_static("br");
        response.headers_mut().insert(header::CONTENT_ENCODING, br);
    }
    Ok(response)
}

/// `/licences.md`: whose code browsers are given with the pages.
pub(super) async fn licences() -> Result<Response, Problem> {
    let file = frontdesk_web::file(LICENCES);
    let file = file.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "the page was not built"))?;
    let headers = [
        (header::CONTENT_TYPE, frontdesk_web::media_type(LICENCES)),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, file.into_bytes()).into_response())
}

/// For every answer: nothing is guessed about what it is, and links tell nobody where they were.
pub(super) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("same-origin"));
    response
}

fn etag(hash: &[u8]) -> HeaderValue {
    let tag = URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or(hash));
    HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
    known.any(|known| known.strip_prefix("W/").unwrap_or(known).as_bytes() == tag.as_bytes())
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    let taken = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    taken.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("br") && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_livekit_server_and_nothing_looser() {
        let policy = |url| policy(url).to_str().expect("text").to_owned();
        let own = policy("ws://127.0.0.1:7880");
        assert!(
            own.contains("connect-src 'self' ws://127.0.0.1:7880 http://127.0.0.1:7880;"),
            "{own}"
        );
        let cloud = policy("wss://desk.livekit.cloud");
        assert!(cloud.contains("wss://desk.livekit.cloud https://desk.livekit.cloud wss://*."));
        for loose in ["unsafe", "data:", " *", "http:;"] {
            assert!(!own.contains(loose), "{own}");
        }
    }

    #[test]
    fn what_is_put_into_the_page_is_text_whatever_it_is() {
        let clinic = PublicClinic {
            name: "<b>\"A\" & 'B'</b> {{title}}".to_owned(),
            phone: String::new(),
            emergency_number: "123".to_owned(),
            speaks: vec!["en".to_owned()],
        };
        let page = complete("<m c=\"{{clinic}}\"><t>{{title}}</t>", Some(&clinic));
        assert!(
            page.ends_with("<t>&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt; {{title}}</t>")
        );
        let inside = page.split("c=\"").nth(1).and_then(|rest| rest.split("\">").next());
        let inside = inside.expect("the attribute");
        assert!(!inside.contains(['<', '>', '"', '\'']), "{inside}");
        let nobody = complete("<m c=\"{{clinic}}\"><t>{{title}}</t>", None);
        assert_eq!(nobody, "<m c=\"\"><t>Frontdesk</t>");
    }
}

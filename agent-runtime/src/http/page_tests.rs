use reqwest::header::HeaderMap;

use super::tests::{client, serve_behind};

struct Page {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

async fn get(url: &str, headers: &[(&str, &str)]) -> Page {
    let mut request = client().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Page { status, headers, body: answer.bytes().await.expect("a body").to_vec() }
}

#[tokio::test]
async fn a_clinics_page_says_whose_it_is_and_lets_nothing_else_in() {
    let served = serve_behind("").await;
    let page = get(&format!("{}/call/nile-heart?lang=ar", served.url), &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text().contains("<title>Nile &lt;Heart&gt; &quot;Clinic&quot;</title>"));
    assert!(page.text().contains("&quot;emergency&quot;:&quot;123&quot;"), "{}", page.text());
    assert!(!page.text().contains("{{"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(policy.contains("ws://127.0.0.1:7880"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    // Nothing in the page that the policy would refuse.
    assert!(!page.text().contains("<style") && !page.text().contains(" style="));
    assert!(
        page.text().matches("<script").count() == page.text().matches("src=\"/assets/").count()
    );
    let tag = page.header("etag").to_owned();
    assert_eq!(page.header("cache-control"), "no-cache");
    let same = get(&format!("{}/call/nile-heart", served.url), &[("if-none-match", &tag)]).await;
    assert_eq!((same.status, same.body.len()), (304, 0));
}

#[tokio::test]
async fn a_clinic_that_is_not_there_gets_a_page_that_says_so() {
    let served = serve_behind("").await;
    for slug in ["nowhere", "Not%20A%20Slug", "%3Cscript%3E"] {
        let page = get(&format!("{}/call/{slug}", served.url), &[]).await;
        assert_eq!(page.status, 404);
        assert!(page.text().contains("<title>Frontdesk</title>"), "{}", page.text());
    }
}

#[tokio::test]
async fn files_of_the_page_are_asked_for_once_and_come_small() {
    let served = serve_behind("").await;
    let mut files = 0;
    for path in frontdesk_web::paths().filter(|path| path.starts_with("assets/")) {
        if path.ends_with(".br") {
            assert_eq!(get(&format!("{}/{path}", served.url), &[]).await.status, 404, "{path}");
            continue;
        }
        files += 1;
        let url = format!("{}/{path}", served.url);
        let plain = get(&url, &[]).await;
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("content-type"), frontdesk_web::media_type(&path));
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(
            (plain.header("content-encoding"), plain.header("vary")),
            ("", "accept-encoding")
        );
        let small = get(&url, &[("accept-encoding", "gzip, br;q=0.9")]).await;
        assert_eq!(small.header("content-encoding"), "br", "{path}");
        assert!(small.body.len() < plain.body.len(), "{path}");
        assert_ne!(small.header("etag"), plain.header("etag"));
        let refused = get(&url, &[("accept-encoding", "br;q=0")]).await;
        assert_eq!(refused.header("content-encoding"), "");
        let tag = plain.header("etag").to_owned();
        assert_eq!(get(&url, &[("if-none-match", &tag)]).await.status, 304);
    }
    assert!(files >= 4, "{files}");
    let licences = get(&format!("{}/licences.md", served.url), &[]).await;
    assert!(licences.text().contains("livekit-client"), "{}", licences.text());
    let outside = get(&format!("{}/assets/..%2Fcall.html", served.url), &[]).await;
    assert_eq!((outside.status, outside.header("content-type")), (404, "application/problem+json"));
}

#[tokio::test]
async fn the_root_leads_browsers_to_the_default_clinic_and_still_answers_probes() {
    let served = serve_behind("").await;
    served.service.registered.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(get(&served.url, &[]).await.text(), "OK");
    let browser = get(&served.url, &[("accept", "text/html,*/*;q=0.8")]).await;
    assert_eq!(browser.status, 200, "after the redirection");
    assert!(browser.text().contains("Nile &lt;Heart&gt;"));
}

#[tokio::test]
async fn the_console_is_the_same_for_everybody_and_may_use_a_microphone() {
    let served = serve_behind("").await;
    let page = get(&format!("{}/console", served.url), &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'; script-src 'self';")
    );
    assert!(page.header("permissions-policy").starts_with("microphone=(self), camera=(),"));
    assert!(page.text().contains("src=\"/assets/console-") && !page.text().contains("{{"));
    let tag = page.header("etag").to_owned();
    let same = get(&format!("{}/console", served.url), &[("if-none-match", &tag)]).await;
    assert_eq!((same.status, same.body.len()), (304, 0));
}

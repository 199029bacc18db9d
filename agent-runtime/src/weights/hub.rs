//! Fetching one file over HTTP: resumed where it was interrupted, never longer than it should be.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::RANGE;

use super::{Ended, FetchError, length};

/// A server that is not reached within this is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection that carries nothing for so long is dead.
const STALLED: Duration = Duration::from_secs(30);

/// Every so many percent somebody is told.
const STEP: u64 = 10;

/// Fetches `bytes` bytes from `url` into `part`, after those that are there.
pub(super) async fn fetch(
    url: &str,
    bytes: u64,
    part: &Path,
    percent: &mut dyn FnMut(u64),
) -> Result<(), Ended> {
    let mut have = length(part);
    if have > bytes {
        have = 0;
    }
    if have == bytes {
        return Ok(());
    }
    let there = |error: reqwest::Error| {
        // The address is in the list; what is wrong with the connection is inside the error.
        let mut reason: &dyn std::error::Error = &error;
        while let Some(inner) = reason.source() {
            reason = inner;
        }
        Ended::There(format!("the hub is not reached: {reason}"))
    };
    let client = reqwest::Client::builder().connect_timeout(CONNECT).read_timeout(STALLED);
    let mut request = client.build().map_err(there)?.get(url);
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-"));
    }
    let mut answer = request.send().await.map_err(there)?;
    match answer.status() {
        StatusCode::PARTIAL_CONTENT if have > 0 => {}
        // It sends all of it.
        StatusCode::OK => have = 0,
        status => return Err(Ended::There(format!("the hub answers {status}"))),
    }
    let here = |error| Ended::Here(FetchError::io(part, error));
    let mut file = if have > 0 {
        OpenOptions::new().append(true).open(part).map_err(here)?
    } else {
        File::create(part).map_err(here)?
    };
    let mut told = have * 100 / bytes / STEP;
    while let Some(chunk) = answer.chunk().await.map_err(there)? {
        have += chunk.len() as u64;
        if have > bytes {
            let _ = std::fs::remove_file(part);
            return Err(Ended::There("the hub sends more than there should be".to_owned()));
        }
        file.write_all(&chunk).map_err(here)?;
        let now = have * 100 / bytes / STEP;
        if now > told {
            told = now;
            percent(now * STEP);
        }
    }
    file.sync_all().map_err(here)?;
    if have < bytes {
        let missing = format!("the connection ended after {have} of {bytes} bytes; run it again");
        return Err(Ended::There(missing));
    }
    Ok(())
}

//! Files for engines that read only from paths, kept in memory: a language model may hold patients'
//! names, which must not reach a disk.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;

use rustix::fs::{MemfdFlags, memfd_create};

/// An anonymous file; gone when dropped.
#[derive(Debug)]
pub(super) struct MemFile(File);

impl MemFile {
    pub(super) fn new(content: &str) -> io::Result<Self> {
        let mut file = File::from(memfd_create("frontdesk-stt", MemfdFlags::CLOEXEC)?);
        file.write_all(content.as_bytes())?;
        Ok(Self(file))
    }

    /// A path under which this process can open the file, each time from its beginning.
    pub(super) fn path(&self) -> CString {
        CString::new(format!("/proc/self/fd/{}", self.0.as_raw_fd())).unwrap_or_default()
    }
}

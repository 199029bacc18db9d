//! The one table of settings. The documentation, the environment and the file are read from it.

/// What a setting is when nobody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// This value.
    Value(&'static str),
    /// Not set; the text says what happens then.
    Unset(&'static str),
}

/// One setting: its name in the environment and in the file, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Environment variable.
    pub env: &'static str,
    /// Dotted key in the TOML file; `None` if only the environment can set it.
    pub key: Option<&'static str>,
    /// Value when unset.
    pub default: Fallback,
    /// Whether the value must never be shown.
    pub secret: bool,
    /// One sentence for the documentation.
    pub about: &'static str,
}

const fn setting(
    env: &'static str,
    key: &'static str,
    default: Fallback,
    about: &'static str,
) -> Setting {
    Setting { env, key: Some(key), default, secret: false, about }
}

const fn secret(mut setting: Setting) -> Setting {
    setting.secret = true;
    setting
}

const fn only_env(mut setting: Setting) -> Setting {
    setting.key = None;
    setting
}

use Fallback::{Unset, Value};

/// Environment variable that names the file.
pub const CONFIG_FILE: &str = "FRONTDESK_CONFIG";

/// Every setting, in the order of the documentation.
pub const SETTINGS: &[Setting] = &[
    only_env(setting(
        CONFIG_FILE,
        "",
        Unset("`frontdesk.toml` in the working folder, else in the data folder, if there is one"),
        "The TOML file. If named, it must exist.",
    )),
    setting(
        "FRONTDESK_LISTEN",
        "listen",
        Value("127.0.0.1:8080"),
        "Address and port of the HTTP listener; port 0 takes a free one and prints it.",
    ),
    setting(
        "FRONTDESK_SIP_LISTEN",
        "sip.listen",
        Unset("no telephone"),
        "Address and port of SIP over UDP, for calls to the clinics' numbers: without encryption and \
         without a password, so for a trunk on a private network. `auto` is port 5060 of 127.0.0.1 \
         or the next free one.",
    ),
    setting(
        "FRONTDESK_RTP_PORTS",
        "sip.rtp_ports",
        Value("20000-20999"),
        "UDP ports for the sound of telephone calls, on the address of SIP: every second one, one a \
         call.",
    ),
    setting(
        "FRONTDESK_DATA_DIR",
        "data_dir",
        Unset(
            "`./.frontdesk` if it exists, else `$XDG_DATA_HOME/frontdesk`, `/var/lib/frontdesk` \
             for root, `~/.local/share/frontdesk`",
        ),
        "Folder of the embedded servers' data, keys and locks. One runtime at a time uses it.",
    ),
    setting(
        "FRONTDESK_DEFAULT_CLINIC",
        "default_clinic",
        Unset("`nile-heart` with the embedded database; else a job without metadata is refused"),
        "Slug of the clinic of a job that names none.",
    ),
    setting(
        "FRONTDESK_MAX_CALLS",
        "max_calls",
        Unset(
            "20 for each processor core; where whisper hears free speech, what it leaves room for, \
             measured at the start (some 11 for each core)",
        ),
        "Calls at once, exactly; 1 to 10000. More are refused.",
    ),
    setting(
        "FRONTDESK_VOICE",
        "voice",
        Value("auto"),
        "Voice of the agent: `heart` where its weights are (`frontdesk models get heart`), `slt`, \
         `rms`, `awb` or `kal16`. `auto` is `heart` if it can be used, else `slt`.",
    ),
    setting(
        "FRONTDESK_ALLOW_CALL_CLOCK",
        "allow_call_clock",
        Value("off"),
        "Whether `now` in a job's metadata pins the clock of its call. For tests and demos.",
    ),
    setting(
        "FRONTDESK_ANNOUNCE",
        "announce",
        Value("off"),
        "Whether the runtime leaves its address in `runtime.json` in the data folder, so that \
         `call`, `chat`, `load` and `replay` find it.",
    ),
    setting(
        "FRONTDESK_DRAIN_SECONDS",
        "drain_seconds",
        Value("60"),
        "How long running calls may last after SIGTERM or SIGINT; 0 to 86400. At half of it they are \
         told to be brief.",
    ),
    setting(
        "FRONTDESK_CALLS_PER_MINUTE",
        "calls_per_minute",
        Value("10"),
        "Calls that one address (of IPv6, one /64 network) may start at one clinic within a minute, \
         over the patient page's API; as many at once. At all clinics together five times as many.",
    ),
    setting(
        "FRONTDESK_TRUSTED_PROXIES",
        "trusted_proxies",
        Unset("none: the address of the connection counts"),
        "Addresses or networks, comma-separated, of proxies in front of this runtime: only from \
         these are `X-Forwarded-For` and `X-Forwarded-Proto` believed.",
    ),
    setting(
        "FRONTDESK_LOG",
        "log.filter",
        Unset("`RUST_LOG`, else `info`"),
        "Which log lines are written, in the syntax of `tracing`'s `EnvFilter`.",
    ),
    only_env(setting(
        "RUST_LOG",
        "",
        Unset("`info`"),
        "Read when `FRONTDESK_LOG` and the file are silent.",
    )),
    setting(
        "FRONTDESK_LOG_FORMAT",
        "log.format",
        Value("text"),
        "`text` or `json`, one line per event, on standard error; with `run` and `demo` in \
         `log/frontdesk.log` in the data folder.",
    ),
    secret(setting(
        "DATABASE_URL",
        "database.url",
        Unset("an embedded PostgreSQL in the data folder"),
        "PostgreSQL of the application's role, `postgres://user:password@host/database`.",
    )),
    secret(setting(
        "FRONTDESK_MIGRATE_URL",
        "database.migrate_url",
        Unset("`serve` migrates nothing and refuses an old schema"),
        "PostgreSQL of the owner's role: if set, `serve` migrates the schema when it starts.",
    )),
    secret(setting(
        "FRONTDESK_WORKER_URL",
        "database.worker_url",
        Unset("jobs that see all clinics at once (events, audit, tidying) do not run here"),
        "PostgreSQL of the worker's role `frontdesk_worker`, for those jobs.",
    )),
    setting(
        "FRONTDESK_ALLOW_PLAIN_DATABASE",
        "database.allow_plain",
        Value("off"),
        "Whether these URLs may lead to another machine without TLS. With TLS `sslmode=verify-full` is \
         recommended; `require` encrypts and does not look at who answers.",
    ),
    secret(setting(
        "FRONTDESK_DATA_KEYS",
        "database.data_keys",
        Unset("with the embedded database, keys made once and kept in the data folder"),
        "Keys that seal patients' data, `id:base64-of-32-bytes`, comma-separated, newest first.",
    )),
    secret(setting(
        "FRONTDESK_JWT_KEYS",
        "console.jwt_keys",
        Unset("with the embedded database, keys made once and kept in the data folder"),
        "Keys that sign what supervisors are given when they sign in, `id:base64-of-32-bytes`, \
         comma-separated, newest first. The same for all runtimes of one database.",
    )),
    setting(
        "FRONTDESK_POSTGRES_BIN",
        "database.postgres_bin",
        Unset("looked for in `PATH` and in the distribution's folders"),
        "Folder of `initdb` and `postgres` (15 or newer) for the embedded database.",
    ),
    setting(
        "LIVEKIT_URL",
        "livekit.url",
        Unset("an embedded `livekit-server` with keys of its own"),
        "LiveKit server, `ws://`, `wss://`, `http://` or `https://`.",
    ),
    setting(
        "LIVEKIT_PUBLIC_URL",
        "livekit.public_url",
        Unset("`LIVEKIT_URL`"),
        "The same server as callers' browsers reach it, if that is another address.",
    ),
    secret(setting(
        "LIVEKIT_API_KEY",
        "livekit.api_key",
        Unset("needed with `LIVEKIT_URL`"),
        "API key of that server.",
    )),
    secret(setting(
        "LIVEKIT_API_SECRET",
        "livekit.api_secret",
        Unset("needed with `LIVEKIT_URL`"),
        "API secret of that server.",
    )),
    setting(
        "LIVEKIT_AGENT_NAME",
        "livekit.agent_name",
        Value("frontdesk"),
        "Name under which the worker registers; front ends dispatch it by this name.",
    ),
    setting(
        "LIVEKIT_SERVER_BIN",
        "livekit.server_bin",
        Unset(
            "looked for in `.tools/bin` of the clone and of the working folder, `~/.local/bin`, \
             `~/go/bin` and `PATH`",
        ),
        "The `livekit-server` program for the embedded server.",
    ),
    setting(
        "FRONTDESK_LLM_URL",
        "llm.url",
        Unset("no language model"),
        "Language model: base of an OpenAI-compatible endpoint, `http://127.0.0.1:8080/v1`.",
    ),
    setting(
        "FRONTDESK_LLM_MODEL",
        "llm.model",
        Unset("needed with `FRONTDESK_LLM_URL`"),
        "Name of the model there.",
    ),
    secret(setting(
        "FRONTDESK_LLM_KEY",
        "llm.key",
        Unset("requests carry no key"),
        "Key of that endpoint.",
    )),
    setting(
        "FRONTDESK_LLM_KEY_FILE",
        "llm.key_file",
        Unset("`FRONTDESK_LLM_KEY`"),
        "File that holds that key, instead of the key itself.",
    ),
    setting(
        "FRONTDESK_DIALOGUE",
        "dialogue",
        Unset("`model` with `FRONTDESK_LLM_URL`, else `forms`"),
        "What holds the calls of clinics that do not set it: the built-in `forms`, or the language \
         `model` with the forms behind it.",
    ),
    secret(setting(
        "FRONTDESK_SMTP_URL",
        "mail.smtp_url",
        Unset(
            "with the embedded database, letters are files in `outbox` in the data folder; else none \
             are written",
        ),
        "Mail server for notifications: `smtps://user:password@host`, or \
         `smtp://user:password@host?tls=required` (STARTTLS).",
    )),
    setting(
        "FRONTDESK_MAIL_FROM",
        "mail.from",
        Unset("needed with `FRONTDESK_SMTP_URL`"),
        "Address that they come from.",
    ),
    setting(
        "FRONTDESK_DOCUMENTS",
        "documents.folder",
        Unset("no files"),
        "Folder of the clinics' documents: in it one folder a clinic, named by its slug, with \
         `.md`, `.txt` and `.html` files. What is put in, changed or removed counts within \
         seconds.",
    ),
    setting(
        "FRONTDESK_EMBEDDINGS_URL",
        "embeddings.url",
        Unset("questions are answered by words alone"),
        "Embedding model: base of an OpenAI-compatible endpoint, `http://127.0.0.1:8081/v1`.",
    ),
    setting(
        "FRONTDESK_EMBEDDINGS_MODEL",
        "embeddings.model",
        Unset("needed with `FRONTDESK_EMBEDDINGS_URL`"),
        "Name of the model there.",
    ),
    secret(setting(
        "FRONTDESK_EMBEDDINGS_KEY",
        "embeddings.key",
        Unset("requests carry no key"),
        "Key of that endpoint.",
    )),
    setting(
        "FRONTDESK_EMBEDDINGS_KEY_FILE",
        "embeddings.key_file",
        Unset("`FRONTDESK_EMBEDDINGS_KEY`"),
        "File that holds that key, instead of the key itself.",
    ),
    setting(
        "FRONTDESK_EMBEDDINGS_SIMILARITY",
        "embeddings.similarity",
        Value("0.5"),
        "Cosine similarity, 0 to 1, from which on a passage answers a question; depends on the \
         model.",
    ),
    setting(
        "FRONTDESK_QDRANT_URL",
        "qdrant.url",
        Unset("vectors are kept in this process"),
        "Qdrant server for the vectors of documents: its gRPC address, `http://127.0.0.1:6334`. \
         Needs a program built with the feature `qdrant`.",
    ),
    secret(setting(
        "FRONTDESK_QDRANT_KEY",
        "qdrant.key",
        Unset("requests carry no key"),
        "Key of that server.",
    )),
];

/// The setting of that environment variable.
#[must_use]
pub(super) fn by_env(env: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.env == env)
}

/// The setting of that key in the file.
#[must_use]
pub(super) fn by_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == Some(key))
}

/// The known name nearest to `name` and how many letters apart they are.
#[must_use]
pub(super) fn nearest(
    name: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<(&'static str, usize)> {
    known.map(|k| (k, strsim::damerau_levenshtein(name, k))).min_by_key(|&(_, distance)| distance)
}

/// The table as Markdown, as it stands in `docs/configuration.md`.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "| environment variable | key in the file | default | meaning |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let key = setting.key.map_or_else(|| "–".to_owned(), |key| format!("`{key}`"));
        let default = match setting.default {
            Value(value) => format!("`{value}`"),
            Unset(meaning) => meaning.to_owned(),
        };
        let secret = if setting.secret { " Secret: never shown." } else { "" };
        out.push_str(&format!(
            "| `{}` | {key} | {default} | {}{secret} |\n",
            setting.env, setting.about
        ));
    }
    out
}

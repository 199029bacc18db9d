use super::*;

fn env(vars: &[(&str, &str)]) -> (tempfile::TempDir, Environment) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let vars = vars.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
    let working_dir = dir.path().to_owned();
    (dir, Environment { vars, working_dir, root: false })
}

fn load(vars: &[(&str, &str)], file: &str) -> Result<Config, ConfigError> {
    let (dir, env) = env(vars);
    std::fs::write(dir.path().join("frontdesk.toml"), file).expect("written");
    Config::load(&env)
}

fn error(vars: &[(&str, &str)], file: &str) -> String {
    let message = load(vars, file).expect_err("refused").to_string();
    assert!(!message.contains('\n'), "one line: {message}");
    message
}

#[test]
fn nothing_set_means_the_embedded_default() {
    let config = load(&[("HOME", "/home/someone")], "").expect("valid");
    assert_eq!(config.listen, "127.0.0.1:8080".parse().expect("an address"));
    assert!(matches!(config.database, DatabaseConfig::Embedded { .. }));
    assert!(matches!(config.livekit, LiveKitConfig::Embedded { .. }));
    assert_eq!(config.data_dir, Path::new("/home/someone/.local/share/frontdesk"));
    assert_eq!(config.default_clinic.as_deref(), Some("nile-heart"));
    assert!(!config.allow_call_clock);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let file = "listen = \"127.0.0.1:1\"\nmax_calls = 7\nallow_call_clock = true\n\
                [livekit]\nagent_name = \"desk\"\n";
    let config = load(&[("FRONTDESK_LISTEN", "127.0.0.1:2")], file).expect("valid");
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.max_calls, 7);
    assert_eq!(config.agent_name, "desk");
    assert!(config.allow_call_clock);
    assert_eq!(config.voice, "auto");
}

#[test]
fn an_unknown_key_is_an_error_with_the_nearest_name() {
    let message = error(&[], "[livekit]\nagentname = \"desk\"\n");
    assert!(message.starts_with("livekit.agentname in "), "{message}");
    assert!(message.contains("did you mean livekit.agent_name?"), "{message}");
    let message = error(&[], "[databse]\nurl = \"postgres://x\"\n");
    assert!(message.contains("databse"), "{message}");
}

#[test]
fn a_misspelt_variable_is_an_error_and_a_foreign_one_is_not() {
    let message = error(&[("FRONTDESK_LISTN", "127.0.0.1:1")], "");
    assert!(message.contains("FRONTDESK_LISTN is not a setting"), "{message}");
    assert!(message.contains("did you mean FRONTDESK_LISTEN?"), "{message}");
    // What Kubernetes injects for a service that is called "frontdesk".
    let config = load(&[("FRONTDESK_SERVICE_HOST", "10.0.0.1")], "").expect("valid");
    assert_eq!(config.ignored_env, ["FRONTDESK_SERVICE_HOST"]);
}

#[test]
fn each_value_is_checked_and_named() {
    for (name, value) in [
        ("FRONTDESK_LISTEN", "everywhere"),
        ("FRONTDESK_MAX_CALLS", "0"),
        ("FRONTDESK_MAX_CALLS", "many"),
        ("FRONTDESK_DEFAULT_CLINIC", "Nile Heart"),
        ("FRONTDESK_ALLOW_CALL_CLOCK", "perhaps"),
        ("FRONTDESK_DRAIN_SECONDS", "-1"),
        ("FRONTDESK_CALLS_PER_MINUTE", "0"),
        ("FRONTDESK_TRUSTED_PROXIES", "proxy"),
        ("LIVEKIT_PUBLIC_URL", "nowhere"),
        ("FRONTDESK_LOG", "info,,=["),
        ("FRONTDESK_LOG_FORMAT", "xml"),
        ("FRONTDESK_VOICE", "a voice"),
        ("LIVEKIT_AGENT_NAME", "two words"),
    ] {
        let message = error(&[(name, value)], "");
        assert!(message.contains(name) && message.contains(value), "{message}");
        assert!(message.contains("expected "), "{message}");
    }
    let message = error(&[], "max_calls = [1]\n");
    assert!(message.contains("max_calls in") && message.contains("a TOML array"), "{message}");
}

#[test]
fn a_secret_is_shown_neither_by_an_error_nor_by_debug() {
    let message = error(&[("DATABASE_URL", "mysql://root:hunter2@host/db")], "");
    assert!(message.starts_with("DATABASE_URL is [secret]: expected"), "{message}");
    let message = error(&[], "[livekit]\napi_secret = \"hunter2\n");
    assert!(message.contains("(line 2)") && !message.contains("hunter2"), "{message}");
    let config = load(
        &[
            ("DATABASE_URL", "postgres://app:hunter2@host/db?sslmode=verify-full"),
            ("FRONTDESK_MIGRATE_URL", "postgres://owner:hunter2@host/db?sslmode=require"),
            ("LIVEKIT_URL", "https://host/"),
            ("LIVEKIT_API_KEY", "hunter2"),
            ("LIVEKIT_API_SECRET", "hunter2"),
        ],
        "",
    )
    .expect("valid");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(matches!(&config.livekit, LiveKitConfig::External { url, .. } if url == "wss://host"));
    assert_eq!(config.default_clinic, None);
}

#[test]
fn a_database_over_a_network_without_tls_is_refused_unless_that_is_allowed() {
    let url = "postgres://app:hunter2@db.example.org/desk";
    let tls = |mode: &str| format!("{url}?sslmode={mode}");
    for plain in [url.to_owned(), tls("prefer"), tls("allow"), tls("disable")] {
        let message = error(&[("DATABASE_URL", &plain)], "");
        assert!(
            message.starts_with("DATABASE_URL leads to another machine without TLS"),
            "{message}"
        );
        assert!(
            message.contains("sslmode=verify-full") && !message.contains("hunter2"),
            "{message}"
        );
        let allowed = [("DATABASE_URL", plain.as_str()), ("FRONTDESK_ALLOW_PLAIN_DATABASE", "on")];
        load(&allowed, "").expect("allowed");
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        load(&[("DATABASE_URL", &tls(mode))], "").expect("encrypted");
        let worker = "postgres://worker@10.0.0.7/desk";
        let message = error(&[("DATABASE_URL", &tls(mode)), ("FRONTDESK_WORKER_URL", worker)], "");
        assert!(message.starts_with("FRONTDESK_WORKER_URL leads to"), "{message}");
    }
    for here in [
        "postgres://app@localhost/desk",
        "postgres://app@127.0.0.2:5433/desk",
        "postgres://app@[::1]/desk",
        "postgres://app@localhost/desk?host=/run/postgresql",
        "postgres://app@%2Frun%2Fpostgresql/desk",
    ] {
        load(&[("DATABASE_URL", here)], "").expect(here);
    }
}

#[test]
fn half_of_a_pair_is_an_error() {
    let message = error(&[("LIVEKIT_URL", "ws://127.0.0.1:7880")], "");
    assert!(message.contains("LIVEKIT_API_KEY is not"), "{message}");
    let message = error(&[("FRONTDESK_MIGRATE_URL", "postgres://owner@host/db")], "");
    assert!(message.contains("without DATABASE_URL"), "{message}");
}

#[test]
fn a_named_file_must_exist_and_an_empty_variable_is_unset() {
    let (dir, mut env) = env(&[("FRONTDESK_CONFIG", "absent.toml"), ("DATABASE_URL", "")]);
    let message = Config::load(&env).expect_err("refused").to_string();
    assert!(message.contains("absent.toml cannot be read"), "{message}");
    std::fs::write(dir.path().join("absent.toml"), "voice = \"kal\"").expect("written");
    assert_eq!(Config::load(&env).expect("valid").voice, "kal");
    env.vars.remove("FRONTDESK_CONFIG");
    assert_eq!(Config::load(&env).expect("valid").voice, "auto");
}

#[test]
fn the_data_folder_is_the_local_one_if_it_exists_and_never_roots_home() {
    let (dir, mut env) = env(&[("HOME", "/root")]);
    env.root = true;
    assert_eq!(Config::load(&env).expect("valid").data_dir, Path::new("/var/lib/frontdesk"));
    std::fs::create_dir(dir.path().join(".frontdesk")).expect("made");
    std::fs::write(dir.path().join(".frontdesk/frontdesk.toml"), "max_calls = 3").expect("written");
    let config = Config::load(&env).expect("valid");
    assert_eq!(config.data_dir, dir.path().join(".frontdesk"));
    assert_eq!(config.max_calls, 3, "the file in the data folder is read");
}

/// The documentation repeats the table. Regenerate with `FRONTDESK_BLESS=1 cargo test -p frontdesk`.
#[test]
fn the_documentation_repeats_the_table_of_settings() {
    crate::docs::check("settings", &markdown());
}

//! `devrun export`: no value that is kept out of version control is written to a file that may be in it.

use crate::support::Project;

/// Each is found nowhere but in what `--secrets` writes.
const SECRET: [&str; 9] = [
    "of-dotenv",
    "of-dotenv-local",
    "of-settings-key",
    "of-settings-text",
    "of-personal-env",
    "of-personal-use",
    "of-the-shell",
    "of-a-password",
    "of-the-line",
];
const FORMATS: [&str; 3] = ["systemd", "compose", "kubernetes"];

fn shop() -> Project {
    Project::called("shop")
        .file("Procfile", "web: node x $PLAIN\nworker: a\n")
        .file(".env", "HARMLESS=of-dotenv\n")
        .file(".env.local", "MINE=of-dotenv-local\n")
        .file(
            "devrun.yaml",
            "env: { API_KEY: of-settings-key, PLAIN: plain, DSN: 'Server=h;Password=of-settings-text' }\n\
             uses:\n\
             \x20 A: 'https://a.example.com/?sig=${FROM_SHELL}'\n\
             \x20 B: 'https://u:of-a-password@b.example.com'\n\
             \x20 C: https://c.example.com\n\
             \x20 D: worker\n",
        )
        .file(
            "devrun.local.yaml",
            "env: { WHATEVER: of-personal-env }\n\
             uses: { C: 'https://c.example.com/of-personal-use', D: { process: worker, wait: none } }\n",
        )
}

fn said(project: &Project, arguments: &[&str]) -> [String; 2] {
    let all: Vec<&str> = ["export"].iter().chain(arguments).copied().collect();
    let mut command = project.command(all);
    command.args(["--set", "LINE_TOKEN=of-the-line"]);
    command.env("FROM_SHELL", "of-the-shell");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap())
}

#[test]
fn what_is_kept_out_of_version_control_is_referred_to_and_never_written() {
    let shop = shop();
    for format in FORMATS {
        let files = said(&shop, &[format]);
        let secrets = said(&shop, &[format, "--secrets"]);
        for secret in SECRET {
            // `of-dotenv` begins another one.
            let is_in = |text: &str| {
                text.split(['"', '\n', ' ', '/', '=', ':', '@'])
                    .any(|part| part == secret)
            };
            assert!(!is_in(&files[0]), "{secret}: {files:?}");
            assert!(is_in(&secrets[0]), "{secret}: {secrets:?}");
        }
        let [written, _] = &files;
        assert!(written.contains("plain"), "{written}");
        let host = if format == "systemd" {
            "localhost"
        } else {
            "worker"
        };
        assert!(
            written.contains(&format!("http://{host}:5100")),
            "{written}"
        );
    }
}

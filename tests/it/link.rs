//! `devrun link` and `devrun unlink`: the files before and after, byte for byte.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use crate::support::{Finished, Project};

const SETTINGS: &str = "# The shop.\nport: 5000 # as ever\n\nuses:\n  DB_URL: postgresql://db/shop # managed\n\n# Those of the apps.\nprocesses:\n  web: { uses: [DB_URL] }\n";

/// `shop` and `api`, side by side, and something far away.
fn shop() -> Project {
    Project::empty()
        .file("shop/Procfile", "web: a\nredis: b\n")
        .file("api/Procfile", "web: a\ngrpc: b\n")
        .file("search-v2/Procfile", "grpc: a\nadmin: b\n")
        .file("empty/README", "")
}

/// devrun in `shop`.
fn run(project: &Project, arguments: &[&str]) -> Finished {
    let mut command = project.command(arguments);
    let output = command
        .current_dir(project.directory().join("shop"))
        .output()
        .unwrap();
    Finished {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn succeeds(project: &Project, arguments: &[&str], stdout: &str, stderr: &str) {
    let finished = run(project, arguments);
    let seen = (
        finished.status,
        finished.stdout.as_str(),
        finished.stderr.as_str(),
    );
    assert_eq!(seen, (0, stdout, stderr), "{arguments:?}");
}

fn fails(project: &Project, arguments: &[&str], stderr: &str) {
    let finished = run(project, arguments);
    let seen = (
        finished.status,
        finished.stdout.as_str(),
        finished.stderr.as_str(),
    );
    assert_eq!(seen, (2, "", stderr), "{arguments:?}");
}

#[test]
fn a_link_is_personal_and_unlink_takes_it_out() {
    let project = shop().file("shop/devrun.yaml", SETTINGS);
    succeeds(
        &project,
        &["link", "../api", "--as", "API_URL"],
        "API_URL is ../api now (devrun.local.yaml:2); it applies at the next `devrun start`\n",
        "",
    );
    assert_eq!(
        project.read("shop/devrun.local.yaml"),
        "uses:\n  API_URL: ../api\n"
    );
    assert_eq!(project.read("shop/devrun.yaml"), SETTINGS);
    succeeds(
        &project,
        &["unlink", "API_URL"],
        "API_URL is no longer in devrun.local.yaml; it applies at the next start or restart\n",
        "",
    );
    assert_eq!(project.read("shop/devrun.local.yaml"), "");
}

#[test]
fn save_writes_into_the_shared_file_and_leaves_every_other_byte() {
    let project = shop().file("shop/devrun.yaml", SETTINGS.replace('\n', "\r\n"));
    let save = ["link", "../api#grpc", "--as", "API_URL", "--save"];
    succeeds(
        &project,
        &save,
        "API_URL is ../api#grpc now (devrun.yaml:6); it applies at the next `devrun start`\n",
        "",
    );
    let linked = SETTINGS.replace("# managed\n", "# managed\n  API_URL: ../api#grpc\n");
    assert_eq!(
        project.read("shop/devrun.yaml"),
        linked.replace('\n', "\r\n")
    );
    assert!(!project.directory().join("shop/devrun.local.yaml").exists());
    run(&project, &["unlink", "API_URL"]);
    assert_eq!(
        project.read("shop/devrun.yaml"),
        SETTINGS.replace('\n', "\r\n")
    );
    succeeds(
        &project,
        &["unlink", "DB_URL"],
        "DB_URL is no longer in devrun.yaml; it applies at the next start or restart\n",
        "devrun.yaml still names DB_URL in the `uses` of `web`\n",
    );
}

#[test]
fn the_personal_file_counts_more_and_is_unlinked_first() {
    let project = shop();
    run(&project, &["link", "redis"]);
    succeeds(
        &project,
        &[
            "link",
            "redis://u:secret@db:1",
            "--as",
            "REDIS_URL",
            "--save",
        ],
        "REDIS_URL is redis://u:****@db:1 now (devrun.yaml:2); it applies at the next start or restart\n",
        "devrun.local.yaml:2 has REDIS_URL too, and counts more\n",
    );
    assert_eq!(
        project.read("shop/devrun.yaml"),
        "uses:\n  REDIS_URL: redis://u:secret@db:1\n"
    );
    succeeds(
        &project,
        &["unlink", "REDIS_URL"],
        "REDIS_URL is as devrun.yaml has it, no longer as devrun.local.yaml had it; it applies at the next start or restart\n",
        "",
    );
    assert_eq!(project.read("shop/devrun.local.yaml"), "");
}

#[test]
fn a_variable_is_named_for_what_is_behind_it() {
    let project = shop();
    let named = |variable: &str| {
        format!("{variable} is named for what is behind it; `--as` chooses another name\n")
    };
    succeeds(
        &project,
        &["link", "../search-v2/#grpc"],
        "SEARCH_V2_URL is ../search-v2#grpc now (devrun.local.yaml:2); it applies at the next `devrun start`\n",
        &named("SEARCH_V2_URL"),
    );
    succeeds(
        &project,
        &["link", "redis"],
        "REDIS_URL is redis now (devrun.local.yaml:3); it applies at the next start or restart\n",
        &named("REDIS_URL"),
    );
    fails(
        &project,
        &["link", "redis://db"],
        "error: a URL has no name\n help: say which variable it is for: `--as DATABASE_URL`\n",
    );
    fails(
        &project,
        &["link", "../api", "--as", "2-API"],
        "error: `2-API` cannot be the name of a variable\n help: it is made of letters, digits and `_`, as in `--as API_URL`\n",
    );
}

#[test]
fn an_app_is_written_from_here_or_from_home() {
    let project = shop();
    let home = project.directory().with_file_name("home").join("code/api");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("devrun.yaml"), "").unwrap();
    run(&project, &["link", "~/code/api"]);
    assert_eq!(
        project.read("shop/devrun.local.yaml"),
        "uses:\n  API_URL: \"~/code/api\"\n"
    );
    run(&project, &["link", home.to_str().unwrap(), "--save"]);
    assert_eq!(
        project.read("shop/devrun.yaml"),
        "uses:\n  API_URL: ../../home/code/api\n"
    );
    // From elsewhere, by the directory's own name, and through a link that was made for it.
    symlink("api", project.directory().join("other")).unwrap();
    let linked = project.run(&["link", "other", "-d", "shop"]);
    assert_eq!(linked.status, 0, "{}", linked.stderr);
    let text = "uses:\n  API_URL: \"~/code/api\"\n  OTHER_URL: ../other\n";
    assert_eq!(project.read("shop/devrun.local.yaml"), text);
}

#[test]
fn the_file_stays_what_it_is() {
    let project = shop().file("shared.yaml", "port: 1");
    let [real, link]: [PathBuf; 2] =
        ["shared.yaml", "shop/devrun.yaml"].map(|name| project.directory().join(name));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("../shared.yaml", &link).unwrap();
    run(&project, &["link", "../api", "--save"]);
    assert_eq!(
        project.read("shared.yaml"),
        "port: 1\nuses:\n  API_URL: ../api"
    );
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn what_cannot_be_behind_a_variable_is_refused() {
    let project = shop();
    fails(
        &project,
        &["link", "../apo", "--as", "API_URL"],
        "error: no directory `../apo`\n help: say where the app is, for example `devrun link ../api --as API_URL`\n",
    );
    fails(
        &project,
        &["link", "../empty"],
        "error: no app in `../empty`\n help: an app's directory has a Procfile or a devrun.yaml\n",
    );
    fails(
        &project,
        &["link", "../api#grcp"],
        "error: no process type `grcp` in ../api/Procfile\n help: did you mean `grpc`? It has `web` and `grpc`\n",
    );
    fails(
        &project,
        &["link", "../search-v2"],
        "error: `../search-v2` has no `web`: which process is meant?\n help: it has `grpc` and `admin`; for example `devrun link ../search-v2#grpc`\n",
    );
    fails(
        &project,
        &["link", "rdis"],
        "error: no process type `rdis` in Procfile\n help: did you mean `redis`? It has `web` and `redis`\n",
    );
    fails(
        &project,
        &["link", ".#redis"],
        "error: an app cannot use itself\n help: a process of the same Procfile goes by its name: `devrun link redis`\n",
    );
    assert!(!project.directory().join("shop/devrun.local.yaml").exists());
}

#[test]
fn what_is_not_linked_cannot_be_unlinked() {
    let project = shop();
    fails(
        &project,
        &["unlink", "API_URL"],
        "error: no use of the name `API_URL`\n help: this app's settings have none\n",
    );
    let project = project.file("shop/devrun.yaml", SETTINGS);
    run(&project, &["link", "../api"]);
    fails(
        &project,
        &["unlink", "API_ULR"],
        "error: no use of the name `API_ULR`\n help: did you mean `API_URL`? The app uses `API_URL` and `DB_URL`\n",
    );
}

#[test]
fn a_file_that_cannot_be_edited_safely_is_left_alone() {
    let text = "common: &common\n  A: ../a\nuses: *common\n";
    let project = shop().file("shop/devrun.yaml", text);
    fails(
        &project,
        &["link", "../api", "--save"],
        "error: `devrun.yaml` is written in a way that cannot be edited safely\n --> devrun.yaml:3:7\n3 | uses: *common\n  |       ^^^^^^^ an alias: what it stands for is written elsewhere\n help: write it there by hand, below `uses:`: `API_URL: ../api`\n",
    );
    assert_eq!(project.read("shop/devrun.yaml"), text);
    let project = project.file("shop/devrun.yaml", "port: 1\nport: 2\n");
    fails(
        &project,
        &["unlink", "API_URL"],
        "error: `devrun.yaml` is no YAML\n --> devrun.yaml:2:1\n2 | port: 2\n  | ^ duplicate mapping key: port\n help: correct that first\n",
    );
}

#[test]
fn git_would_add_the_personal_file() {
    let project = shop();
    fs::create_dir(project.directory().join(".git")).unwrap();
    let personal = "devrun.local.yaml is personal: add it to .gitignore\n";
    let link = ["link", "../api", "--as", "API_URL"];
    assert_eq!(run(&project, &link).stderr, personal);
    assert_eq!(run(&project, &link).stderr, "", "once is enough");
    fs::remove_file(project.directory().join("shop/devrun.local.yaml")).unwrap();
    let project = project.file(".gitignore", "*.local.yaml\n");
    assert_eq!(run(&project, &link).stderr, "");
}

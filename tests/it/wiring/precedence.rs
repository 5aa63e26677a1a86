//! Where a value comes from: nine layers, the command line above the personal above the shared.

use std::process::Command;

use crate::support::{Finished, Project, helper};
use crate::wiring::shop;

/// All that can set a variable, the weakest first; `env:` and the command line have two places each.
const LAYERS: [&str; 10] = [
    "automatic",
    "shell",
    ".env",
    "env of the app",
    "env of the process",
    "use",
    ".env.local",
    "--use",
    "--set",
    "line",
];

/// What `API_URL` is where just these layers set it, each to its own name.
fn api_url(layers: &[&str]) -> String {
    let has = |layer: &str| layers.contains(&layer);
    let line = if has("line") { "API_URL=x://line " } else { "" };
    let echo = "sh -c 'printf %s \"$API_URL\"'";
    let project = Project::with_procfile(&format!("web: {line}{echo}\napi: true\n"));
    let mut settings = format!("port: 5000\nauto_urls: {}\n", has("automatic"));
    if has("env of the app") {
        settings += "env: { API_URL: env of the app }\n";
    }
    if has("env of the process") {
        settings += "processes: { web: { env: { API_URL: env of the process } } }\n";
    }
    if has("use") {
        settings += "uses: { API_URL: 'x://use' }\n";
    }
    project.write("devrun.yaml", settings);
    if has(".env") {
        project.write(".env", "API_URL=.env\n");
    }
    if has(".env.local") {
        project.write(".env.local", "API_URL=.env.local\n");
    }
    let mut command = project.command(["run"]);
    if has("--use") {
        command.args(["--use", "API_URL=x://--use"]);
    }
    if has("--set") {
        command.args(["--set", "API_URL=--set"]);
    }
    if has("shell") {
        command.env("API_URL", "shell");
    }
    let output = command.arg("web").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let value = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{layers:?}: {stderr}");
    let value = value.trim_start_matches("x://");
    if value == "http://localhost:5100" {
        "automatic".into()
    } else {
        value.into()
    }
}

#[test]
fn of_each_two_layers_the_stronger_one_counts() {
    for (place, stronger) in LAYERS.iter().enumerate() {
        assert_eq!(api_url(&[stronger]), *stronger);
        for weaker in &LAYERS[..place] {
            if (*weaker, *stronger) == ("--use", "--set") {
                continue;
            }
            let value = api_url(&[weaker, stronger]);
            assert_eq!(value, *stronger, "{stronger} over {weaker}");
        }
    }
    let all_but = |left_out: &str| {
        LAYERS
            .into_iter()
            .filter(|layer| *layer != left_out)
            .collect::<Vec<_>>()
    };
    assert_eq!(api_url(&all_but("--use")), "line");
    assert_eq!(api_url(&all_but("--set")), "line");
}

#[test]
fn the_command_line_may_not_contradict_itself() {
    let project = Project::with_procfile("web: true\n");
    let finished = project.run(&["start", "--use", "X=x://1", "--set", "X=2"]);
    assert_eq!(finished.status, 2);
    assert!(
        finished.stderr.contains("say different things"),
        "{}",
        finished.stderr
    );
}

#[test]
fn env_files_are_laid_over_each_other_in_their_order() {
    let project = Project::with_procfile("web: echo $A $B $C\n")
        .file("one", "A=1\nB=1\n")
        .file("two", "B=2\nC=2\n")
        .file(".env", "A=0\nC=0\n");
    let finished = project.run(&["run", "-e", "one,two", "web"]);
    assert_eq!(finished.stdout, "1 2 2\n");
}

#[test]
fn port_and_ps_are_devruns_own_but_for_the_line_itself() {
    let project =
        Project::with_procfile("web: echo $PS $PORT\napi: PS=mine PORT=1 sh -c 'echo $PS $PORT'\n")
            .file(".env", "PS=file\nPORT=5000\n")
            .file(".env.local", "PS=local\nPORT=5000\n");
    let run = |process: &str| -> Finished {
        let mut command = project.command(["run", process]);
        command.env("PS", "shell").env("PORT", "7");
        finished(command)
    };
    assert_eq!(run("web").stdout, "web.1 5000\n");
    assert_eq!(run("api").stdout, "mine 1\n");
}

fn finished(mut command: Command) -> Finished {
    let output = command.output().unwrap();
    Finished {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn an_absent_optional_use_lets_the_lower_layer_through() {
    let settings = "uses: { API_URL: { app: ../api, optional: true } }\n";
    let check = |env: &str, expected: &str| {
        let project = shop("API_URL", settings).file(".env", env);
        let mut devrun = project.start();
        devrun.wait_for(&format!("API_URL=[{expected}]"));
        assert_eq!(devrun.interrupt(), 0);
    };
    check("", "none");
    check("API_URL=http://staging\n", "http://staging");
}

#[test]
fn what_hides_a_different_value_of_the_shell_is_said_at_the_start() {
    let settings = "port: 0\nenv: { LEVEL: info }\nuses: { X_URL: 'custom://x' }\n";
    let project = shop("DEBUG", settings).file(".env", "A=1\nSAME=x\nDEBUG=0\nAPI_TOKEN=file\n");
    let mut command = project.command(["start"]);
    for (name, value) in [
        ("DEBUG", "1"),
        ("SAME", "x"),
        ("LEVEL", "all"),
        ("X_URL", "y"),
        ("API_TOKEN", "verysecret"),
    ] {
        command.env(name, value);
    }
    let mut devrun = project.spawn(command);
    devrun.wait_for("DEBUG=[0]");
    for line in [
        "DEBUG: .env:3 hides your shell's value; for one run: --set DEBUG=1",
        "LEVEL: devrun.yaml:2 hides your shell's value; for one run: --set LEVEL=all",
        "X_URL: devrun.yaml:3 hides your shell's value; for one run: --set X_URL=y",
        "API_TOKEN: .env:4 hides your shell's value\n",
    ] {
        devrun.see(line);
    }
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("SAME:"), 0);
    assert_eq!(devrun.count("verysecret"), 0);
}

#[test]
fn a_password_in_a_url_is_never_written_by_devrun() {
    let settings = "uses: { DATABASE_URL: 'postgresql://me:verysecret@db/x' }\n";
    let project = shop("NOTHING", settings);
    let mut devrun = project.start();
    devrun.wait_for("web.1 uses DATABASE_URL=postgresql://me:****@db/x");
    devrun.wait_for("NOTHING=[none]");
    assert_eq!(devrun.interrupt(), 0);
    assert_eq!(devrun.count("verysecret"), 0);
}

#[test]
fn a_use_that_something_stronger_hides_is_not_waited_for() {
    let check = |file: &str, arguments: &[&str], line: &str| {
        let project = Project::with_procfile(&format!(
            "web: {line} sh -c 'echo got=[$API_URL]; exec sleep 1000'\n"
        ))
        .file("devrun.yaml", "uses: { API_URL: { app: ../none } }\n")
        .file(".env.local", file);
        let mut devrun = project.start_with(arguments);
        devrun.wait_for("got=[x]");
        assert_eq!(devrun.interrupt(), 0);
    };
    check("API_URL=x\n", &[], "");
    check("", &["--set", "API_URL=x"], "");
    check("", &[], "API_URL=x");
}

#[test]
fn the_environment_is_built_anew_at_every_start_of_a_process() {
    let procfile = format!(
        "web: echo \"A=[${{A-none}}] B=[${{B-none}}] C=[${{C-none}}]\"; exec {}\n",
        helper("listen-until crash")
    );
    let project = Project::with_procfile(&procfile).file(".env", "A=1\nB=1\n");
    let mut devrun = project.start();
    devrun
        .wait_for("A=[1] B=[1] C=[none]")
        .wait_for("listens on");
    project.write(".env", "A=2\nC=2\n");
    project.write("crash", "");
    devrun.wait_for("web.1's environment: A changed, C added, B removed");
    devrun.wait_for("A=[2] B=[none] C=[2]");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn settings_are_read_anew_too_and_wrong_ones_leave_all_as_it_was() {
    let procfile = format!(
        "web: echo \"A=[${{A-none}}]\"; exec {}\n",
        helper("listen-until crash")
    );
    let project = Project::with_procfile(&procfile).file("devrun.yaml", "env: { A: 1 }\n");
    let mut devrun = project.start();
    devrun.wait_for("A=[1]").wait_for("listens on");
    project.write("devrun.yaml", "envy: { A: 3 }\n");
    project.write("crash", "");
    devrun.wait_for("; what the files said before still holds");
    devrun.wait_for("A=[1]").wait_for("listens on");
    project.write("devrun.yaml", "env: { A: 2 }\n");
    project.write("crash", "");
    devrun.wait_for("A=[2]");
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn the_personal_file_is_laid_over_the_shared_one() {
    let project = Project::with_procfile("web: printf %s \"$A $B $X $Y\"\n")
        .file(
            "devrun.yaml",
            "env: { A: 1, B: 1 }\nuses: { X: 'x://1', Y: 'x://1' }\n",
        )
        .file("devrun.local.yaml", "env: { B: 2 }\nuses: { Y: 'x://2' }\n");
    assert_eq!(project.run(&["run", "web"]).stdout, "1 2 x://1 x://2");
}

#[test]
fn for_one_run_a_use_is_another_or_none() {
    let settings = "uses: { X: 'x://1', Y: 'x://1' }\n";
    let project = Project::with_procfile("web: printf %s \"${X-none} ${Y-none}\"\n")
        .file("devrun.yaml", settings);
    let run = |arguments: &[&str]| {
        let all = [&["run"], arguments, &["web"]].concat();
        project.run(&all).stdout
    };
    assert_eq!(run(&["--use", "X=x://2"]), "x://2 x://1");
    assert_eq!(run(&["--unuse", "X"]), "none x://1");
    assert_eq!(run(&[]), "x://1 x://1");
}

//! Real programs at a real terminal: what somebody sees who works with `devrun start` in a tmux pane.

use std::os::unix::fs::chown;
use std::path::PathBuf;

use nix::sys::stat::Mode;

use crate::support::{Project, get, is_alive, wait_until_gone};
use crate::tmux::{CTRL_C, CTRL_Z, LEAVE, Pane};
use crate::{database_user, descendants, installed, pids_in, with_database};

fn python() -> PathBuf {
    installed().join("python/bin/python")
}

fn node_program(name: &str) -> String {
    let path = installed().join("node/node_modules/.bin").join(name);
    assert!(path.exists(), "{} is missing: see .ci/run", path.display());
    path.display().to_string()
}

/// Goes from 0 to 100 within a second.
const BAR: &str = "import sys, time\n\
    for percent in range(101):\n    \
        sys.stdout.write('\\r[%-20s] %3d%%' % ('#' * (percent // 5), percent))\n    \
        sys.stdout.flush()\n    \
        time.sleep(0.01)\n\
    print('\\ndownloaded')\n\
    time.sleep(1000)\n";

const DEBUGGED: &str = "x = 41\nbreakpoint()\nx = x + 1\nbreakpoint()\n";

fn formation() -> Project {
    let python = python();
    let python = python.display();
    let (vite, tsc) = (node_program("vite"), node_program("tsc"));
    let procfile = format!(
        "vite: {vite} --port $PORT --strictPort\n\
         web: {python} -u -m http.server $PORT --bind 127.0.0.1\n\
         bar: {python} bar.py\n\
         types: {tsc} --watch\n\
         pdb: {python} debugged.py\n"
    );
    Project::with_procfile(&procfile)
        .file("index.html", "<h1>hello</h1>\n")
        .file("package.json", "{\"type\": \"module\"}\n")
        .file("bar.py", BAR)
        .file("debugged.py", DEBUGGED)
        .file(
            "tsconfig.json",
            r#"{"compilerOptions": {"noEmit": true}, "include": ["src"]}"#,
        )
        .file("src/answer.ts", "export const answer: number = '42';\n")
}

/// Each row between `start` and the end of `text` has the time, the name of a process, and text.
fn assert_prefixed(text: &str, start: &str) {
    let (_, rows) = text.split_once(start).unwrap();
    for row in rows.lines().skip(1) {
        let (time, named) = row.split_at_checked(9).unwrap_or((row, ""));
        let is_time = time.bytes().filter(|byte| *byte == b':').count() == 2;
        let name = named.split(" |").next().unwrap().trim_end();
        let is_name = name == "system" || name.ends_with(".1");
        assert!(is_time && is_name, "{row:?} has no prefix in:\n{text}");
    }
}

const START: &str = "$ devrun start -p 0";

#[test]
fn a_formation_of_real_tools_stays_calm_and_is_steered_by_keys() {
    let project = formation();
    let mut pane = Pane::open(&project, (100, 40), &[]);
    pane.command("stty -g > before")
        .wait_for("\n$")
        .command("devrun start -p 0");
    pane.wait_for("Procfile, 5 processes").wait_for_all(&[
        "vite.1  |   VITE v",
        "web.1   | Serving HTTP on ",
        "bar.1   | downloaded",
        "error TS2322: ",
        "types.1 | ",
        "pdb.1   | (Pdb)",
        "pdb.1 seems to wait for input: a pdb + Enter",
        "all up ",
        "h + Enter: commands   Ctrl-C: stop",
    ]);
    let text = pane.text();
    assert_prefixed(&text, START);
    // Who clears the screen clears nobody's rows.
    assert_eq!(text.matches(" started (pid ").count(), 5, "{text}");
    let colored = pane.colored();
    assert!(colored.contains("\x1b[91merror"), "{colored:?}");
    let states = text.matches("%\n").count();
    assert!((1..=10).contains(&states), "{text}");

    pane.command("a pdb")
        .wait_for("this is pdb.1's terminal")
        .wait_for("\n-> x = x + 1\n(Pdb)");
    pane.command("p x").wait_for("p x\n41\n(Pdb)");
    pane.command("n").wait_for("\n-> breakpoint()\n(Pdb)");
    pane.type_(LEAVE).wait_for("left pdb.1's terminal; it ");

    pane.command("m web")
        .wait_for("\nm web\n")
        .wait_for("muted: web.1");
    get(&url_of("web.1", &pane.text()));
    pane.command("r vite")
        .wait_for("restarting vite.1")
        .wait_for_all(&["vite.1 is ready ", "vite.1  |   VITE v"]);
    assert!(!pane.rest().contains("GET /"), "{}", pane.text());
    pane.command("m")
        .wait_for("shown again: web.1; 1 line was left out");
    get(&url_of("web.1", &pane.text()));
    pane.wait_for("\"GET / HTTP/1.0\" 200");

    pane.type_(CTRL_Z).wait_for("Stopped").wait_for("\n$");
    pane.command("echo in the shell")
        .wait_for("\nin the shell\n$");
    assert_eq!(pane.rest(), "");
    pane.command("fg").wait_for("devrun start -p 0");
    project.write("src/answer.ts", "export const answer: number = 42;\n");
    pane.wait_for("types.1 | (screen cleared)")
        .wait_for("Found 0 errors.");

    let pids = pids_in(&pane.text());
    let trees: Vec<i32> = pids.iter().flat_map(|pid| descendants(*pid)).collect();
    assert!(trees.iter().any(|pid| is_alive(*pid)));
    pane.type_(CTRL_C)
        .wait_for("stopping 5 processes")
        .wait_for("done. up")
        .wait_for("\n$");
    pane.command("echo status $?").wait_for("\nstatus 0");
    pane.command("stty -g > after; echo written")
        .wait_for("\nwritten");
    assert_eq!(project.read("before"), project.read("after"));
    trees.into_iter().for_each(wait_until_gone);
    let text = pane.text();
    assert!(text.contains("Procfile, 5 processes"), "{text}");
    assert_eq!(text.matches("seems to wait for input").count(), 1, "{text}");
}

#[test]
fn a_debugger_is_used_from_a_second_shell() {
    let procfile = format!("web: {} debugged.py\n", python().display());
    let project = Project::with_procfile(&procfile).file("debugged.py", DEBUGGED);
    let mut own = start(&project, "web.1  | (Pdb)");
    let mut second = Pane::open(&project, (100, 30), &[]);
    second.command("stty -g > before; devrun attach");
    second
        .wait_for("this is web.1's terminal, Ctrl-C too is for it; ctrl-] leaves\n")
        .wait_for("\n-> x = x + 1\n(Pdb)");
    own.wait_for("web.1: its terminal is used from elsewhere (pid ");
    second.command("p x").wait_for("p x\n41\n(Pdb)");
    second.command("c").wait_for("debugged.py(4)<module>()");
    second.wait_for("\n(Pdb)").command("p x");
    second.wait_for("p x\n42\n(Pdb)");
    second
        .type_(LEAVE)
        .wait_for("left web.1; it runs on\n")
        .wait_for("$");
    second.command("stty -g > after; echo written $?");
    second.wait_for("\nwritten 0");
    assert_eq!(project.read("before"), project.read("after"));
    own.wait_for("web.1  | 42");
    own.command("a web").wait_for("(Pdb)");
    own.command("p x + 1").wait_for("p x + 1\n43\n(Pdb)");
    own.type_(LEAVE).wait_for("left web.1's terminal");
    interrupt(own);
}

/// As the summary and `u` tell it.
fn url_of(process: &str, text: &str) -> String {
    let row = text.lines().find(|row| {
        row.contains("system") && row.contains(&format!(" {process} ")) && row.contains("http://")
    });
    let (_, url) = row.unwrap().split_once("http://").unwrap();
    format!("http://{}", url.split_whitespace().next().unwrap())
}

/// Says what is written into its fifo.
const OTHER: &str = "other: while :; do read -r line < fifo && echo \"other $line\"; done\n";

/// The program, as `asks.1`, and somebody else beside it.
fn beside_other(asks: &str) -> Project {
    let project = Project::with_procfile(&format!("asks: {asks}\n{OTHER}"));
    make_fifo(&project);
    project
}

fn make_fifo(project: &Project) {
    let fifo = project.directory().join("fifo");
    nix::unistd::mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let user = database_user();
    chown(fifo, user, user).unwrap();
}

fn start(project: &Project, asked: &str) -> Pane {
    let mut pane = Pane::open(project, (80, 24), &[]);
    pane.command("devrun start -p 0");
    pane.wait_for(asked);
    pane
}

fn attach(pane: &mut Pane, prompt: &str) {
    pane.command("a asks")
        .wait_for("this is asks.1's terminal")
        .wait_for(prompt);
}

/// What the other one writes meanwhile comes when the terminal is left.
fn leave(pane: &mut Pane, project: &Project) {
    std::fs::write(project.directory().join("fifo"), "wrote\n").unwrap();
    assert!(!pane.rest().contains("other wrote"), "{}", pane.text());
    pane.type_(LEAVE)
        .wait_for_all(&["other.1 | other wrote", "left asks.1's terminal; it "]);
    std::fs::write(project.directory().join("fifo"), "wrote again\n").unwrap();
    pane.wait_for("other.1 | other wrote again");
}

fn interrupt(mut pane: Pane) -> String {
    pane.type_(CTRL_C).wait_for("done. up").wait_for("\n$");
    pane.text()
}

const WALKED: &str = "const first = 40;\nconst second = first + 2;\n\
    console.log('second is', second);\nsetInterval(() => {}, 1000);\n";

const SERVED: &str = "import http.server, os\n\
    port = int(os.environ['PORT'])\n\
    class Page(http.server.BaseHTTPRequestHandler):\n    \
        def do_GET(self):\n        \
            answer = 'asked'\n        \
            if 'DEBUGGED' in os.environ: breakpoint()\n        \
            self.send_response(200)\n        \
            self.end_headers()\n        \
            self.wfile.write(answer.encode())\n\
    http.server.HTTPServer(('127.0.0.1', port), Page).serve_forever()\n";

/// A request is answered at the prompt, under the URL that everybody has.
#[test]
fn pdb_has_the_place_of_a_server_and_gives_it_back() {
    let python = python();
    let python = python.display();
    let procfile = format!("web: {python} -u app.py\n");
    let project = Project::with_procfile(&procfile).file("app.py", SERVED);
    let mut devrun = project.start();
    devrun.wait_for("  web.1  ready    ");
    let url = devrun.value_after("  web.1  ready    ");
    assert!(get(&url).ends_with("asked"));
    let mut pane = Pane::open(&project, (100, 30), &[]);
    pane.command(&format!(
        "devrun run --as web --set DEBUGGED=1 {python} -m pdb app.py"
    ));
    pane.wait_for("\n-> import http.server, os\n(Pdb)");
    devrun.wait_for("web.1 is run by `");
    pane.command("c");
    devrun.wait_for("web.1 is ready ").wait_for(&url);
    let asked = std::thread::spawn(move || (get(&url), url));
    pane.wait_for("self.send_response(200)\n(Pdb)");
    pane.command("answer = 'debugged'").wait_for("\n(Pdb)");
    pane.command("c");
    let (answer, url) = asked.join().unwrap();
    assert!(answer.ends_with("debugged"), "{answer}");
    pane.wait_for("\"GET / HTTP/1.0\" 200");
    pane.type_(CTRL_Z).wait_for("Stopped").wait_for("\n$");
    pane.command("fg").type_(CTRL_C).wait_for("(Pdb)");
    // The first one restarts the program.
    pane.command("q").wait_for("(Pdb)");
    pane.command("q").wait_for("\n$");
    devrun
        .wait_for("has ended; web.1 is started again")
        .wait_for("web.1 is ready ");
    assert!(get(&url).ends_with("asked"));
    assert_eq!(devrun.interrupt(), 0);
}

#[test]
fn nodes_debugger_is_walked_through() {
    let project = beside_other("node inspect --port=0 walked.js").file("walked.js", WALKED);
    let mut pane = start(&project, "asks.1 seems to wait for input");
    attach(&mut pane, "\n> 1 const first = 40;");
    pane.wait_for("\ndebug>");
    pane.command("n")
        .wait_for("\nbreak in walked.js:2\n  1 const first = 40;\n> 2 const second")
        .wait_for("\ndebug>");
    pane.command("exec first")
        .wait_for("exec first\n40\ndebug>");
    leave(&mut pane, &project);
    attach(&mut pane, "exec first\n40\ndebug>");
    pane.command(".exit")
        .wait_for("asks.1 exited with status 0");
    assert_prefixed(pane.rest().trim_start(), "");
    interrupt(pane);
}

#[test]
fn psql_is_asked_beside_its_database() {
    let project = with_database(|postgres, psql| {
        format!(
            "db: {postgres} -D data -p $PORT -k '' -c listen_addresses=127.0.0.1\n\
             asks: until {psql} \"$DB_URL/postgres?user=shop\"; do sleep 0.1; done\n{OTHER}"
        )
    });
    make_fifo(&project);
    let mut pane = Pane::open_as(database_user(), &project, (80, 24), &[]);
    pane.command("./devrun start -p 0");
    pane.wait_for_all(&["all up ", "asks.1 seems to wait for input"]);
    attach(&mut pane, "\npostgres=#");
    pane.command("\\conninfo")
        .wait_for("\nYou are connected to database \"postgres\" as user \"shop\"")
        .wait_for("\npostgres=#");
    pane.command("select 1;")
        .wait_for("select 1;\n ?column?\n----------\n        1\n(1 row)\n\npostgres=#");
    leave(&mut pane, &project);
    let text = interrupt(pane);
    assert!(text.contains("database system is shut down"), "{text}");
}

#[test]
fn irb_answers() {
    let project = beside_other("irb");
    let mut pane = start(&project, "asks.1");
    attach(&mut pane, "\nirb(main)");
    pane.command("40 + 2").wait_for("\n=> 42\nirb(main)");
    pane.command("puts 'one', 'two'")
        .wait_for("\none\ntwo\n=> nil\nirb(main)");
    leave(&mut pane, &project);
    interrupt(pane);
}

const DRAWN: &str = "import curses\n\
    def draw(screen):\n    \
        while True:\n        \
            rows, columns = screen.getmaxyx()\n        \
            screen.erase()\n        \
            screen.addstr(0, 0, f'drawn on {columns}x{rows}')\n        \
            screen.addstr(rows - 1, 0, 'bottom row')\n        \
            if screen.getch() == ord('q'):\n            \
                return\n\
    curses.wrapper(draw)\n\
    print('drawn to the end')\n";

#[test]
fn a_program_that_draws_has_the_whole_screen_and_gives_it_back() {
    let project = beside_other(&format!("{} drawn.py", python().display())).file("drawn.py", DRAWN);
    let mut pane = start(
        &project,
        "asks.1 redraws its screen: a asks + Enter shows it",
    );
    for _ in 0..2 {
        pane.command("a asks").wait_on_screen("drawn on 80x24\n");
        pane.wait_on_screen("\nbottom row");
        assert!(!pane.screen().contains(" | "), "{}", pane.screen());
        leave(&mut pane, &project);
        assert!(!pane.screen().contains("drawn on 80x24"), "{}", pane.text());
        assert!(pane.text().contains("Procfile, 2 processes"));
    }
    pane.command("a asks").wait_on_screen("drawn on 80x24\n");
    pane.type_("q")
        .wait_for("drawn to the end")
        .wait_for("asks.1 exited with status 0");
    interrupt(pane);
}

#[test]
fn a_pager_and_an_editor_are_usable() {
    let numbers: String = (1..=300).map(|number| format!("{number}\n")).collect();
    let project = Project::with_procfile("less: less numbers\nvi: vi -u NONE -n text\n")
        .file("numbers", numbers)
        .file("text", "first\n");
    let mut pane = start(&project, "vi.1 redraws its screen");
    pane.command("a less").wait_on_screen("\n22\n23\n:");
    pane.type_("G").wait_on_screen("\n299\n300\n(END)");
    pane.type_(LEAVE).wait_for("left less.1's terminal");
    pane.command("a vi").wait_on_screen("first\n~\n~");
    pane.type_("isecond\r\x1b")
        .wait_on_screen("second\nfirst\n~");
    pane.command(":wq").wait_for("vi.1 exited with status 0");
    assert_eq!(project.read("text"), "second\nfirst\n");
    interrupt(pane);
}

/// Builds its wheel without anything from the network.
const BACKEND: &str = "import os, zipfile\n\
    def build_wheel(directory, config_settings=None, metadata_directory=None):\n    \
        name = 'tiny-1.0-py3-none-any.whl'\n    \
        info = 'tiny-1.0.dist-info'\n    \
        with zipfile.ZipFile(os.path.join(directory, name), 'w') as wheel:\n        \
            wheel.writestr('tiny.py', '')\n        \
            wheel.writestr(f'{info}/METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n')\n        \
            wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n        \
            wheel.writestr(f'{info}/RECORD', '')\n    \
        return name\n";

#[test]
fn tools_that_show_progress_leave_readable_rows_and_complete() {
    let project = Project::with_procfile(&format!(
        "npm: npm install --offline --no-audit --no-fund --no-update-notifier ./tiny\n\
         pip: {} -m pip install --disable-pip-version-check --no-index --target site ./tiny\n\
         cargo: cargo build --offline --manifest-path hello/Cargo.toml\n\
         other: exec sleep 1000\n",
        python().display()
    ))
    .file("package.json", r#"{"name": "shop", "version": "1.0.0"}"#)
    .file(
        "tiny/package.json",
        r#"{"name": "tiny", "version": "1.0.0"}"#,
    )
    .file(
        "tiny/pyproject.toml",
        "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
    )
    .file("tiny/backend.py", BACKEND)
    .file(
        "hello/Cargo.toml",
        "[package]\nname = \"hello\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n",
    )
    .file("hello/src/main.rs", "fn main() {}\n");
    let cargo = PathBuf::from(std::env::var_os("CARGO").unwrap());
    let mut pane = Pane::open(&project, (100, 40), &[cargo.parent().unwrap()]);
    pane.command("devrun start -p 0").wait_for_all(&[
        "npm.1   | added 1 package in",
        "pip.1   | Successfully installed tiny-1.0",
        "cargo.1 |     Finished",
        "npm.1 exited with status 0",
        "pip.1 exited with status 0",
        "cargo.1 exited with status 0",
        "all up ",
    ]);
    let text = pane.text();
    assert_prefixed(&text, START);
    assert_eq!(text.matches("; completed").count(), 3, "{text}");
    for name in ["npm.1 ", "pip.1 ", "cargo.1 "] {
        let rows = text.matches(&format!(" {name}")).count();
        assert!(rows < 25, "{rows} rows of {name}:\n{text}");
    }
    for made in [
        "node_modules/tiny",
        "site/tiny.py",
        "hello/target/debug/hello",
    ] {
        assert!(project.directory().join(made).exists(), "{made}\n{text}");
    }
    interrupt(pane);
}

#[test]
fn a_terminal_that_is_closed_ends_all() {
    let project = Project::with_procfile("web: sleep 1000\n");
    let pane = start(&project, ", PORT=");
    let pids = pids_in(&pane.text());
    drop(pane);
    pids.into_iter().for_each(wait_until_gone);
}

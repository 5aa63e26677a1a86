//! Servers that leave daemons behind, or lose their families when their masters are killed: they are shut
//! down cleanly, also where devrun itself was killed.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User};

use crate::left::{left, wait_until_nobody_is_left};
use crate::support::Project;
use crate::{PATIENT, as_user, database_user, give_to, postgresql, program, with_database};

/// One server as a user has it in a Procfile.
struct Server {
    project: Project,
    /// Who runs it, if somebody else has to.
    user: Option<u32>,
    /// What is said once it is up.
    is_up: Vec<&'static str>,
    /// What runs then, beside the process itself.
    daemons: &'static str,
}

impl Server {
    /// Ends it in both ways: by Ctrl-C, and by the guardian after SIGKILL of devrun. `is_clean` looks at what the
    /// server left in its directory.
    fn is_shut_down_cleanly(&self, is_clean: impl Fn(&Project)) {
        let program = give_to(&self.project, self.user);
        for signal in [Signal::SIGINT, Signal::SIGKILL] {
            let mut command = as_user(&self.project, &program, self.user);
            command.args(["start", "-p", "0"]).args(PATIENT);
            let mut devrun = self.project.spawn(command);
            for text in &self.is_up {
                devrun.see(text);
            }
            let processes = left(&self.project);
            let has_daemon = processes.iter().any(|it| it.contains(self.daemons));
            assert!(has_daemon, "{processes:#?}");
            let status = devrun.signal(signal).wait();
            let said = devrun.stdout.text();
            if signal == Signal::SIGINT {
                assert_eq!(status, 0, "{said}");
                assert!(!said.contains("killed"), "{said}");
            }
            wait_until_nobody_is_left(&self.project);
            is_clean(&self.project);
        }
    }
}

/// The log of a server says that it came to its end; the next one begins anew.
fn ends_with(log: &'static str, last: &'static str) -> impl Fn(&Project) {
    move |project| {
        let said = project.read(log);
        assert!(said.contains(last), "{said}");
        std::fs::remove_file(project.directory().join(log)).unwrap();
    }
}

/// It starts a port mapper, which is a daemon: in a session of its own, its descriptors closed.
#[test]
fn rabbitmq_and_its_port_mapper() {
    // What PATH has asks who we are, and becomes another user.
    let server = Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    assert!(server.exists(), "RabbitMQ is not installed: see .ci/run");
    let project = Project::with_procfile(&format!(
        "queue: RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$PORT RABBITMQ_DIST_PORT=$DIST_PORT \
         ERL_EPMD_PORT=$EPMD_PORT RABBITMQ_NODENAME=shop@localhost RABBITMQ_MNESIA_BASE=$PWD/data \
         RABBITMQ_LOGS=$PWD/log RABBITMQ_ENABLED_PLUGINS_FILE=$PWD/plugins RABBITMQ_PID_FILE=$PWD/pid \
         exec {}\n",
        server.display()
    ))
    .file(
        "devrun.yaml",
        "processes:\n  queue:\n    ports: [DIST_PORT, EPMD_PORT]\n    timeout: 60\n",
    );
    let server = Server {
        project,
        user: None,
        is_up: vec!["amqp://127.0.0.1:", " completed with "],
        daemons: "epmd -daemon",
    };
    server.is_shut_down_cleanly(ends_with("log", "msg_store_transient' is stopped"));
}

#[test]
fn ejabberd_and_its_port_mapper() {
    let server = program("ejabberdctl", &["/usr/sbin".into()]);
    let project = Project::with_procfile(&format!(
        "chat: sed -i \"s/port: .*/port: $PORT/\" ejabberd.yml; exec {} -n chat@localhost -s $PWD/spool \
         -l $PWD/log -d $PWD -f $PWD/ejabberd.yml foreground\n",
        server.display()
    ))
    .file(
        "ejabberd.yml",
        "hosts: [localhost]\nlisten:\n- port: 0\n  ip: 127.0.0.1\n  module: ejabberd_c2s\nmodules: {}\n",
    )
    .file(
        "devrun.yaml",
        "processes:\n  chat:\n    ports: [ERL_EPMD_PORT]\n    timeout: 60\n",
    )
    .file("inetrc", "{lookup, [file, native]}.\n")
    .file("ejabberdctl.cfg", "")
    .file("spool/made", "")
    .file("log/made", "");
    // It insists on a user of its own.
    let user = User::from_name("ejabberd").unwrap();
    let user = user.filter(|_| nix::unistd::geteuid().is_root());
    let server = Server {
        project,
        user: user.map(|user| user.uid.as_raw()),
        is_up: vec!["xmpp://127.0.0.1:", "is started in the node"],
        daemons: "epmd -daemon",
    };
    server.is_shut_down_cleanly(ends_with("log/ejabberd.log", "is stopped in the node"));
}

/// Without `daemon off` its master forks itself away, and the command ends with status 0.
#[test]
fn nginx_that_makes_itself_a_daemon() {
    let server = program("nginx", &["/usr/sbin".into()]);
    let project = Project::with_procfile(&format!(
        "proxy: sed -i \"s/listen .*/listen 127.0.0.1:$PORT;/\" nginx.conf; exec {} -p $PWD/ -c nginx.conf\n",
        server.display()
    ))
    .file(
        "nginx.conf",
        "pid nginx.pid; error_log error.log notice;\nworker_processes 2;\nevents {}\n\
         http { access_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;\n\
         uwsgi_temp_path tmp; scgi_temp_path tmp;\nserver {\nlisten 127.0.0.1:0;\n} }\n",
    );
    let server = Server {
        project,
        user: None,
        is_up: vec!["proxy.1 runs on as a daemon", "http://localhost:"],
        daemons: "nginx: master process",
    };
    server.is_shut_down_cleanly(|project| {
        assert!(
            !project.directory().join("nginx.pid").exists(),
            "a clean end removes it"
        );
        ends_with("error.log", "exit")(project);
    });
}

/// A database with a busy client. `server` is its command line, behind the program's path.
fn database(server_program: &str, arguments: &str) -> Server {
    let server = postgresql(server_program);
    let project = with_database(|_, psql| {
        format!(
            "db: exec {} -D data {arguments}\nclient: until {psql} \"$DB_URL/postgres?user=shop\" \
             -Atc 'select 42' -c 'select pg_sleep(1000)'; do sleep 0.1; done\n",
            server.display()
        )
    });
    Server {
        project,
        user: database_user(),
        is_up: vec![
            "db.1      ready    postgresql://127.0.0.1:",
            "client.1 | 42",
        ],
        daemons: "SELECT",
    }
}

/// What the last server that used the database said of it at its end.
fn was_shut_down(project: &Project) {
    let mut command = as_user(project, &postgresql("pg_controldata"), database_user());
    let output = command.args(["-D", "data"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let state = said.lines().find(|line| line.contains("cluster state"));
    assert!(state.unwrap().ends_with(" shut down"), "{said}");
}

/// They outlive a postmaster that is killed, and take a signal that is not their postmaster's for a crash.
#[test]
fn postgresql_and_its_backends() {
    let server = database("postgres", "-p $PORT -k '' -c listen_addresses=127.0.0.1");
    server.is_shut_down_cleanly(was_shut_down);
}

/// Its command ends at once, with status 0.
#[test]
fn postgresql_that_was_made_a_daemon() {
    let options = "-p $PORT -k '' -c listen_addresses=127.0.0.1";
    let server = database("pg_ctl", &format!("-w -o \"{options}\" start"));
    server.is_shut_down_cleanly(was_shut_down);
}

#[test]
fn the_backends_of_a_postmaster_that_was_killed_do_not_hinder_the_next_one() {
    let server = database("postgres", "-p $PORT -k '' -c listen_addresses=127.0.0.1");
    let program = server.project.directory().join("devrun");
    let mut command = as_user(&server.project, &program, server.user);
    command.args(["start", "-p", "0"]);
    let mut devrun = server.project.spawn(command);
    devrun.see("client.1 | 42").see("all up ");
    let postmaster = Pid::from_raw(devrun.pid_of("db.1"));
    kill(postmaster, Signal::SIGKILL).unwrap();
    devrun
        .wait_for("db.1 was killed by SIGKILL")
        .wait_for("db.1 started (pid ")
        .wait_for("database system is ready to accept connections")
        .wait_for("client.1 | 42");
    assert_eq!(devrun.interrupt(), 0, "{}", devrun.stdout.text());
    wait_until_nobody_is_left(&server.project);
    was_shut_down(&server.project);
}

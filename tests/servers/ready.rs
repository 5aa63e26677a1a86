//! A server that listens long before it lets anybody in, and says so: PostgreSQL while it reads a backup back.

use crate::support::wait_until;
use crate::{as_database_user, database_user, own, postgresql, with_database};

#[test]
fn postgresql_that_is_starting_up_listens_and_is_not_ready_yet() {
    let project = with_database(|postgres, _| {
        format!(
            "db: {postgres} -D data -p $PORT -k '' -c listen_addresses=127.0.0.1\n\
             web: echo up; exec sleep 1000\n"
        )
    });
    let settings = format!(
        "processes:\n\
         \x20 db: {{ ready: {{ exec: '{} -h 127.0.0.1 -p $PORT' }} }}\n\
         \x20 web: {{ port: false, depends_on: db }}\n",
        postgresql("pg_isready").display()
    );
    project.write("devrun.yaml", settings);
    // It asks for the next piece of its log until there is a file `go`, and is starting up until then.
    project.write("data/recovery.signal", "");
    let reads = "until [ -e ../go ]; do sleep 0.1; done; exit 1";
    project.write(
        "data/postgresql.auto.conf",
        format!("restore_command = '{reads}'\n"),
    );
    own(&project.directory().join("data"), database_user());

    let mut command = as_database_user(&project, &project.directory().join("devrun"));
    command.args(["start", "-p", "0"]);
    let mut devrun = project.spawn(command);
    let seen = "listens, not ready yet: status 1: 127.0.0.1:";
    devrun.see(&format!("web.1 waits for db.1 ({seen}"));
    devrun.see("the database system is starting up");
    let ps = || {
        let mut command = as_database_user(&project, &project.directory().join("devrun"));
        let output = command.arg("ps").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    wait_until(|| ps().contains(seen));
    assert_eq!(devrun.count("web.1  | up"), 0);
    project.write("go", "");
    devrun.see("web.1  | up");
    assert_eq!(devrun.interrupt(), 0, "{}", devrun.stdout.text());
}

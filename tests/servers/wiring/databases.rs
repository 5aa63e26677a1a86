//! Servers that speak no HTTP, reached by their own command line clients.

use super::{are_reached_both_ways, beside, in_path, is_reached_both_ways, shop};
use crate::support::{Devrun, Project};
use crate::{as_database_user, make_database, postgresql};

#[test]
fn redis_is_behind_a_variable_of_another_app() {
    let client = format!("{} -u \"$REDIS_URL\"", in_path("redis-cli"));
    let shop = shop(
        "REDIS_URL: ../redis",
        &format!(
            "{client} set greeting hello && {client} --raw append greeting ', world' && {client} get greeting"
        ),
    );
    let redis = beside(
        &shop,
        "redis",
        &format!(
            "redis: {} --port $PORT --bind 127.0.0.1 --save '' --appendonly no\n",
            in_path("redis-server")
        ),
    );
    is_reached_both_ways(&shop, &redis, "hello, world");
}

#[test]
fn a_message_goes_through_mosquitto_behind_a_variable_of_another_app() {
    let topic = "-L \"$QUEUE_URL/greetings\"";
    let shop = shop(
        "QUEUE_URL: ../queue",
        &format!(
            "{} {topic} --retain -m hello && {} {topic} -C 1",
            in_path("mosquitto_pub"),
            in_path("mosquitto_sub")
        ),
    );
    let procfile = format!("broker: {} -p $PORT\n", in_path("mosquitto"));
    let queue = beside(&shop, "queue", &procfile);
    is_reached_both_ways(&shop, &queue, "hello");
}

const PASSWORD: &str = "p@ss:w/rd%";
const ESCAPED: &str = "p%40ss%3Aw%2Frd%25";

#[test]
fn postgresql_is_reached_with_a_password_that_has_to_be_escaped() {
    // PostgreSQL listens a moment before it lets anybody in: pg_isready knows.
    let shop = shop(
        "DATABASE_URL: { app: ../db, value: \"postgresql://shop:${DB_PASSWORD}@{host}:{port}/postgres\" }",
        &format!(
            "{psql} \"$DATABASE_URL\" -wqc 'create table if not exists greetings (text text)'; \
             {psql} \"$DATABASE_URL\" -wqAtc \"insert into greetings values ('hello') returning text\"",
            psql = postgresql("psql").display()
        ),
    )
    .file(".env", format!("DB_PASSWORD='{PASSWORD}'\n"));
    let procfile = format!(
        "db: {} -D data -p $PORT -k '' -c listen_addresses=127.0.0.1\n",
        postgresql("postgres").display()
    );
    let settings = format!(
        "processes: {{ db: {{ ready: {{ exec: '{} -q -h 127.0.0.1 -p $PORT' }} }} }}\n",
        postgresql("pg_isready").display()
    );
    let db = beside(&shop, "db", &procfile)
        .file("password", PASSWORD)
        .file("devrun.yaml", settings);
    make_database(&db, &["-A", "scram-sha-256", "--pwfile", "password"]);
    let program = db.directory().join("devrun");
    let start = |project: &Project| {
        let mut command = as_database_user(project, &program);
        command.arg("start");
        let mut devrun = project.spawn(command);
        devrun.see("DATABASE_URL=postgresql://shop:****@127.0.0.1:");
        hides_the_password(&devrun);
        devrun
    };
    let start_db = || {
        let mut command = as_database_user(&db, &program);
        command.arg("start");
        db.spawn(command)
    };
    are_reached_both_ways(start(&shop), start_db, || start(&shop), "hello");
    let left = db.directory().join("data/postmaster.pid");
    assert!(!left.exists(), "a clean shutdown removes it");
}

fn hides_the_password(devrun: &Devrun) {
    let said = devrun.stdout.text();
    assert!(
        !said.contains(PASSWORD) && !said.contains(ESCAPED),
        "{said}"
    );
}

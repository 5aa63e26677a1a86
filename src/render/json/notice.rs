//! What devrun has to say, as events: each notice is told, with all its facts.

use serde_json::{Value, json};

use crate::render::json::Json;
use crate::render::json::line::Line;
use crate::words::name::ProcessName;
use crate::words::notice::{
    Elsewhere, Ended, FirstFailure, Next, NotStarted, Notice, SummaryRow, WaitedFor,
};
use crate::words::port::Holder;
use crate::words::wire::process::NotReady;

impl Json {
    /// Appends devrun's own events. It is one long list: an arm for each notice.
    pub(crate) fn say(&mut self, said: &Notice, out: &mut Vec<u8>) {
        match said {
            Notice::SessionStarted {
                procfile,
                processes: _,
                env_files,
            } => self.hello(procfile, env_files, out),
            Notice::LineIgnored { place, why } => {
                let line = self.event("line.ignored", out);
                line.put("place", place).put("why", why).end();
            }
            Notice::ShellHidden { name, place, value } => {
                let line = self.event("shell.hidden", out).put("name", name);
                line.put("place", place).put("value", value).end();
            }
            Notice::PortTaken {
                port,
                holder: of,
                process,
                instead: None,
            } => {
                let line = self.about("port.taken", process, out);
                line.put("port", port).put("holder", holder(of)).end();
            }
            Notice::PortTaken {
                port,
                holder,
                process,
                instead: Some(to),
            } => self.port_moved(process, (*port, *to), Some(holder), &[], out),
            Notice::PortMoved {
                process,
                from,
                to,
                taken_by,
                misled,
            } => self.port_moved(process, (*from, *to), taken_by.as_ref(), misled, out),
            Notice::PortRemembered {
                process,
                port,
                usual,
            } => {
                let line = self.about("port.remembered", process, out);
                line.put("port", port).put("usual", usual).end();
            }
            Notice::Started {
                process,
                run,
                pid,
                port,
            } => {
                self.begin_run(process, *run, Some(*pid));
                let line = self.about_run("process.started", process, out);
                line.put("port", port).end();
            }
            Notice::SpawnFailed(failed) => self.not_started(failed, out),
            Notice::Exited(ended) => self.exited(ended, out),
            Notice::Stopped {
                process,
                exit,
                after,
                last_lines,
            } => {
                let line = self.about_run("process.exited", process, out);
                let line = line.exit(*exit).seconds("after_s", *after);
                let line = line.put("next", "stopped");
                line.put("last_lines", last_lines).end();
            }
            Notice::Daemonised { process } => {
                self.about_run("process.daemonised", process, out).end();
            }
            Notice::WaitsForTree {
                process,
                exit,
                left,
            } => {
                let line = self.about_run("process.tree_left", process, out);
                line.exit(*exit).put("left", left).end();
            }
            Notice::Wiring(news) => self.wiring(news, out),
            Notice::StandIn(news) => self.stand_in(news, out),
            Notice::Watching(news) => self.watching(news, out),
            Notice::AllUp {
                after,
                rows,
                hints: _,
            } => {
                let line = self.event("all.ready", out).seconds("after_s", *after);
                let up = rows.iter().filter(|row| row.state.is_up()).count();
                let rows: Vec<Value> = rows.iter().map(row).collect();
                line.put("up", up).put("processes", rows).end();
            }
            Notice::Ready {
                process,
                url,
                after,
            } => {
                let line = self.about_run("process.ready", process, out);
                line.put("url", url).seconds("after_s", *after).end();
            }
            Notice::NotReady {
                process,
                why,
                since,
                is_restarted,
            } => {
                let line = self.about_run("process.not_ready", process, out);
                let line = line.put("listens", why.listens);
                let line = line.put("was_ready", why.was_ready).put("seen", &why.seen);
                let line = line.put("restarts", is_restarted);
                line.seconds("since_s", *since).end();
            }
            Notice::ReadyAgain { process, after } => {
                let line = self.about_run("process.ready_again", process, out);
                line.seconds("after_s", *after).end();
            }
            Notice::ListensElsewhere(elsewhere) => self.mismatch(elsewhere, out),
            Notice::PortStolen {
                process,
                port,
                holder: of,
            } => {
                let line = self.about_run("port.stolen", process, out);
                line.put("port", port).put("holder", holder(of)).end();
            }
            Notice::Stopping {
                processes,
                grace,
                hints: _,
            } => {
                let line = self.event("shutdown.begin", out);
                let line = line.put("processes", processes);
                line.seconds("grace_s", *grace).end();
            }
            Notice::StopsWaiting {
                process,
                pid: _,
                left,
            } => {
                let line = self.about_run("shutdown.waiting", process, out);
                line.seconds("left_s", *left).end();
            }
            Notice::Killed {
                process,
                grace,
                killed,
            } => {
                let line = self.about_run("process.killed", process, out);
                let line = line.seconds("grace_s", *grace);
                let line = line.put("others", killed.others);
                line.put("survivors", killed.survivors).end();
            }
            Notice::KillingAll { processes } => {
                let line = self.event("shutdown.killing", out);
                line.put("processes", processes.len()).end();
            }
            Notice::FailedFirst(failure) => self.failed_first(failure, out),
            Notice::Waits {
                process,
                for_,
                since,
            } => {
                let for_: Vec<Value> = for_.iter().map(waited_for).collect();
                let line = self.about("process.waiting", process, out);
                line.put("for", for_).seconds("since_s", *since).end();
            }
            Notice::Awaited { for_ } => {
                let for_: Vec<Value> = for_.iter().map(waited_for).collect();
                self.event("all.waiting", out).put("for", for_).end();
            }
            Notice::NeedFailed {
                process,
                variable,
                provider,
            } => {
                let line = self.about("process.need_failed", process, out);
                let line = line.put("variable", variable);
                line.put("provider", provider.to_string()).end();
            }
            Notice::EnvChanged { process, variables } => {
                let line = self.about("process.env_changed", process, out);
                line.put("variables", variables).end();
            }
            // `process.exited` and `process.started` tell what came of it.
            Notice::RestartAsked { .. }
            | Notice::StopAsked { .. }
            | Notice::StoppedByHand { .. } => {}
            // Of a terminal.
            Notice::Skipped { .. }
            | Notice::SeemsToWait { .. }
            | Notice::Redraws { .. }
            | Notice::Visited { .. } => {}
            // For whoever reads the last lines of `process.exited`.
            Notice::OfBash { .. } => {}
            Notice::StoreStopped { cause } => {
                self.event("store.stopped", out).put("cause", cause).end();
            }
            Notice::Unreachable { cause } => {
                let line = self.event("session.unreachable", out);
                line.put("cause", cause).end();
            }
            Notice::Unseen => self.event("processes.unseen", out).end(),
            Notice::GuardianLost => self.event("guardian.lost", out).end(),
            Notice::Done {
                up,
                restarts,
                ignored_lines,
                status,
                read_again: _,
            } => {
                let line = self.event("bye", out).put("status", status);
                let line = line.seconds("up_s", *up).put("restarts", restarts);
                line.put("ignored_lines", ignored_lines).end();
            }
        }
    }

    fn hello(&mut self, procfile: &str, env_files: &[(String, usize)], out: &mut Vec<u8>) {
        let names: Vec<String> = self.sources.iter().map(|it| it.name.clone()).collect();
        let file =
            |(file, variables): &(String, usize)| json!({ "file": file, "variables": variables });
        let files: Vec<Value> = env_files.iter().map(file).collect();
        let line = self.event("hello", out);
        let line = line.put("version", env!("CARGO_PKG_VERSION"));
        let line = line.put("procfile", procfile).put("processes", names);
        line.put("env_files", files).end();
    }

    fn port_moved(
        &mut self,
        process: &ProcessName,
        (from, to): (u16, u16),
        taken_by: Option<&Holder>,
        misled: &[ProcessName],
        out: &mut Vec<u8>,
    ) {
        let line = self.about("port.moved", process, out);
        let line = line.put("from", from).put("to", to);
        let line = line.put("holder", taken_by.map(holder));
        line.names("misled", misled).end();
    }

    fn exited(&mut self, ended: &Ended, out: &mut Vec<u8>) {
        let process = &ended.process;
        let line = self.about_run("process.exited", process, out);
        let line = line.exit(ended.exit).seconds("after_s", ended.after);
        let line = line.put("next", word(&ended.next));
        line.put("last_lines", &ended.last_lines).end();
        self.next(process, &ended.next, out);
    }

    fn not_started(&mut self, failed: &NotStarted, out: &mut Vec<u8>) {
        let process = &failed.process;
        self.begin_run(process, failed.run, None);
        let line = self.about("process.start_failed", process, out);
        let line = line.put("run", failed.run).put("cause", &failed.cause);
        line.put("next", word(&failed.next)).end();
        self.next(process, &failed.next, out);
    }

    /// What follows, where there is more to it than a word.
    fn next(&mut self, process: &ProcessName, next: &Next, out: &mut Vec<u8>) {
        match next {
            Next::Restart { number, delay } => {
                let line = self.about_run("process.restarting", process, out);
                let line = line.put("restart", number);
                line.seconds("delay_s", *delay).end();
            }
            Next::GivenUp { failures, within } => {
                let line = self.about_run("process.gave_up", process, out);
                let line = line.put("failures", failures);
                line.seconds("within_s", *within).end();
            }
            Next::Completed | Next::NotRestarted | Next::Unstartable => {}
        }
    }

    fn failed_first(&mut self, failure: &FirstFailure, out: &mut Vec<u8>) {
        let line = self.about("session.failed_first", &failure.process, out);
        let line = line.exit(failure.exit).seconds("ago_s", failure.ago);
        let line = line.put("last_lines", &failure.last_lines);
        line.names("took_down", &failure.took_down).end();
    }

    fn mismatch(&mut self, elsewhere: &Elsewhere, out: &mut Vec<u8>) {
        let line = self.about_run("port.mismatch", &elsewhere.process, out);
        let line = line.put("given", elsewhere.given);
        let line = line.put("found", elsewhere.found);
        let line = line.put("loopback_only", elsewhere.loopback_only);
        let line = line.put("command", &elsewhere.command);
        let line = line.put("listener_pid", elsewhere.pid);
        let line = line.names("misled", &elsewhere.misled);
        line.put("cure", &elsewhere.cure).end();
    }

    pub(super) fn begin_run(&mut self, process: &ProcessName, run: u32, pid: Option<i32>) {
        if let Some(place) = self.by_name.get(&process.to_string()) {
            self.sources[*place].begin_run(run, pid);
        }
    }

    pub(super) fn about<'a>(
        &mut self,
        event: &str,
        process: &ProcessName,
        out: &'a mut Vec<u8>,
    ) -> Line<'a> {
        self.event(event, out).put("process", process.to_string())
    }

    /// With the run that is the process's current one: the notices of a run come before the next begins.
    fn about_run<'a>(
        &mut self,
        event: &str,
        process: &ProcessName,
        out: &'a mut Vec<u8>,
    ) -> Line<'a> {
        let place = self.by_name.get(&process.to_string());
        let source = place.map(|place| &self.sources[*place]);
        let (run, pid) = source.map_or((0, None), |source| (source.run, source.pid));
        let line = self.about(event, process, out);
        line.put("run", run).put("pid", pid)
    }
}

fn word(next: &Next) -> &'static str {
    match next {
        Next::Restart { .. } => "restart",
        Next::Completed => "completed",
        Next::NotRestarted => "not_restarted",
        Next::Unstartable => "unstartable",
        Next::GivenUp { .. } => "given_up",
    }
}

fn row(row: &SummaryRow) -> Value {
    json!({
        "process": row.process.to_string(),
        "state": row.state.word(),
        "url": row.url,
        "does_not_listen": row.does_not_listen,
        "listens_on": row.elsewhere,
        "uses": row.uses.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn waited_for(waited_for: &WaitedFor) -> Value {
    match waited_for {
        WaitedFor::Process {
            provider,
            port,
            not_ready,
        } => {
            let why = not_ready.as_ref().map(NotReady::words);
            json!({ "kind": "process", "process": provider.to_string(), "port": port, "not_ready": why })
        }
        WaitedFor::External { host, port } => {
            json!({ "kind": "external", "host": host, "port": port })
        }
        WaitedFor::Somebody { provider } => {
            json!({ "kind": "somebody", "process": provider.to_string() })
        }
    }
}

fn holder(holder: &Holder) -> Value {
    match holder {
        Holder::Process {
            pid,
            command,
            directory,
        } => json!({ "kind": "process", "pid": pid, "command": command, "directory": directory }),
        Holder::Devrun {
            app,
            directory,
            process,
            pid,
        } => {
            json!({ "kind": "devrun", "app": app, "directory": directory, "process": process, "pid": pid })
        }
        Holder::OtherUser => json!({ "kind": "other_user" }),
        Holder::Unknown => json!({ "kind": "unknown" }),
        Holder::AirPlay => json!({ "kind": "airplay" }),
        Holder::NeedsPrivilege => json!({ "kind": "needs_privilege" }),
        Holder::RefusedByBrowsers => json!({ "kind": "refused_by_browsers" }),
        Holder::Neighbour(process) => {
            json!({ "kind": "neighbour", "process": process.to_string() })
        }
    }
}

//! What devrun has to say of backing services and of other sessions, as events.

use serde_json::{Value, json};

use crate::render::json::Json;
use crate::render::json::line::Line;
use crate::words::name::{AppName, ProcessName};
use crate::words::wiring::Wiring;

impl Json {
    /// It is one long list: an arm for each.
    pub(super) fn wiring(&mut self, news: &Wiring, out: &mut Vec<u8>) {
        match news {
            Wiring::SiblingStarts {
                app,
                directory,
                processes,
                others,
            } => {
                let line = self.about_app("app.starting", app, out);
                let line = line.put("directory", directory);
                let line = line.names("processes", processes);
                line.put("not_started", others).end();
            }
            Wiring::Joined {
                app,
                directory,
                pid,
            } => {
                let line = self.about_app("app.joined", app, out);
                let line = line.put("directory", directory);
                line.put("session_pid", pid).end();
            }
            Wiring::Unowned { app, directory } => {
                let line = self.about_app("app.unowned", app, out);
                line.put("directory", directory).end();
            }
            Wiring::Wired {
                process,
                variable,
                value,
                provider,
            } => {
                let line = self.about("service.wired", process, out);
                let line = line.put("variable", variable).put("value", value);
                line.put("provider", named(provider.as_ref())).end();
            }
            Wiring::WithoutUse {
                process,
                variable,
                provider,
                instead,
            } => {
                let line = self.about("service.absent", process, out);
                let line = line.put("variable", variable).put("value", instead);
                line.put("provider", named(provider.as_ref())).end();
            }
            Wiring::CycleRelaxed { cycle } => {
                let line = self.event("cycle.relaxed", out);
                line.names("processes", cycle).end();
            }
            Wiring::TakesOver {
                app,
                from,
                pid,
                has_same_ports,
            } => {
                let line = self.about_app("app.taken_over", app, out);
                let line = line.put("from", from).put("session_pid", pid);
                line.put("same_ports", has_same_ports).end();
            }
            Wiring::HandsOver {
                app,
                pid,
                processes,
            } => {
                let line = self.about_app("app.handing_over", app, out);
                let line = line.put("session_pid", pid);
                line.put("processes", processes).end();
            }
            Wiring::ProviderStopped {
                app,
                directory,
                keep,
                has_hint: _,
            } => {
                let kept: Vec<Value> = keep.iter().map(kept).collect();
                let line = self.about_app("app.stopped", app, out);
                line.put("directory", directory).put("kept", kept).end();
            }
            Wiring::ProviderVanished { app, starts_it } => {
                let next = if *starts_it { "start" } else { "wait" };
                let line = self.about_app("app.vanished", app, out);
                line.put("next", next).end();
            }
            Wiring::BeingCleanedUp { app } => self.about_app("app.waiting", app, out).end(),
            Wiring::EnvReread {
                process,
                added,
                changed,
                removed,
            } => {
                let line = self.about("process.env_reread", process, out);
                let line = line.put("added", added).put("changed", changed);
                line.put("removed", removed).end();
            }
            Wiring::SettingsKept { why } => self.event("files.kept", out).put("why", why).end(),
            Wiring::StillUsed { app, by } => {
                let line = self.about_app("app.still_used", app, out);
                line.put("by", by).end();
            }
            Wiring::UsedBy { app, by, pid } => {
                let line = self.about_app("app.used", app, out);
                line.put("by", by).put("session_pid", pid).end();
            }
            Wiring::CannotStart { app, why } => {
                let line = self.about_app("app.start_failed", app, out);
                line.put("why", why).end();
            }
        }
    }

    fn about_app<'a>(&mut self, event: &str, app: &AppName, out: &'a mut Vec<u8>) -> Line<'a> {
        self.event(event, out).put("app", app.as_str())
    }
}

fn named(provider: Option<&ProcessName>) -> Option<String> {
    provider.map(ToString::to_string)
}

fn kept((process, variable): &(ProcessName, String)) -> Value {
    json!({ "process": process.to_string(), "variable": variable })
}

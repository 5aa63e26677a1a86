//! Runs the blocks of a page, each as its language and its comment say, and tells what is not as it stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::page::{Block, Fault, blocks};
use super::scene::Scene;
use super::transcript;
use crate::schema::Schema;
use crate::support::is_installed;
use crate::wiring::rules::exists;

/// What devrun reads: written by a block, it is checked at once. The first of a language is what a block without `file:`
/// is.
const FILES: [(&str, &str); 4] = [
    ("Procfile", "Procfile"),
    ("yaml", "devrun.yaml"),
    ("dotenv", ".env"),
    ("yaml", "devrun.local.yaml"),
];

/// All that is wrong with a page.
pub fn faults(page: &str) -> Vec<Fault> {
    let blocks = match blocks(page) {
        Ok(blocks) => blocks,
        Err(faults) => return faults,
    };
    let mut scenes = BTreeMap::new();
    // What comes after a fault in the same scene would only repeat it.
    let mut spoilt = BTreeSet::new();
    let mut faults = Vec::new();
    for block in &blocks {
        let scene = block.options.scene.as_deref().unwrap_or_default();
        let name = scene.split('/').next().unwrap().to_string();
        if spoilt.contains(&name) {
            continue;
        }
        if let Err(fault) = tried(block, &mut scenes, scene) {
            faults.push(fault);
            if !name.is_empty() {
                spoilt.insert(name);
            }
        }
    }
    scenes.into_values().for_each(Scene::close);
    faults
}

/// One block; what panics in it is a fault of it.
fn tried(block: &Block, scenes: &mut BTreeMap<String, Scene>, scene: &str) -> Result<(), Fault> {
    let run = AssertUnwindSafe(|| match scene {
        "" => by_itself(block),
        _ => {
            let name = scene.split('/').next().unwrap();
            let place = scenes
                .entry(name.into())
                .or_insert_with(|| Scene::open(scene));
            place.enter(scene);
            in_scene(block, place)
        }
    });
    catch_unwind(run).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        Err(Fault::new(
            block.line,
            said.unwrap_or_else(|| "it panicked".into()),
        ))
    })
}

/// What needs nothing but the repository.
fn by_itself(block: &Block) -> Result<(), Fault> {
    let fault = |what: String| Err(Fault::new(block.line, what));
    match (&block.options.run_by, &block.options.schema) {
        (Some(test), _) if exists(test) => Ok(()),
        (Some(test), _) => fault(format!("there is no test `{test}`")),
        (None, Some(schema)) => has_schema(block, schema),
        (None, None) => fault("its comment names neither a scene, a schema nor a test".into()),
    }
}

/// Each line is such a document.
fn has_schema(block: &Block, schema: &str) -> Result<(), Fault> {
    let schema = Schema::read(schema);
    for (at, line) in block.text.lines().enumerate() {
        let document = serde_json::from_str(line).map_err(|error| error.to_string());
        let checked = document.and_then(|document| schema.check(&document));
        checked.map_err(|what| Fault::new(block.line + 1 + at, what))?;
    }
    Ok(())
}

fn in_scene(block: &Block, scene: &mut Scene) -> Result<(), Fault> {
    let options = &block.options;
    if !options.needs.iter().all(|program| is_installed(program)) {
        return Ok(());
    }
    let here = |result: Result<(), String>| result.map_err(|what| Fault::new(block.line, what));
    match (block.language.as_str(), &options.command) {
        ("console", None) => console(block, scene),
        ("sh", None) => here(script(block, scene)),
        ("text" | "json", Some(command)) => {
            let ended = ends(scene, command, options.status.unwrap_or(0));
            here(ended.and_then(|()| scene.wrote(&block.text)))
        }
        ("text", None) if scene.has_session() => here(scene.session_writes(&block.text)),
        ("text", None) => here(scene.wrote(&block.text)),
        (_, None) => here(file(block, scene)),
        (language, Some(_)) => here(Err(format!("what is `command:` of a {language} block?"))),
    }
}

fn console(block: &Block, scene: &mut Scene) -> Result<(), Fault> {
    let steps = transcript::steps(&block.text).map_err(|what| Fault::new(block.line, what))?;
    for (number, step) in steps.iter().enumerate() {
        let next = steps.get(number + 1);
        let shows_status = next.is_some_and(transcript::Step::asks_status);
        let status = match (shows_status, next) {
            (true, _) => None,
            (false, None) => Some(block.options.status.unwrap_or(0)),
            (false, Some(_)) => Some(0),
        };
        let ends_by_itself = shows_status || (next.is_none() && block.options.status.is_some());
        let is_session = step.is_session() && !ends_by_itself && !scene.has_session();
        let is_kept = next.is_none() && block.options.stays;
        let result = if is_session || is_kept || step.after_interrupt.is_some() {
            stay(scene, step, block.options.terminal)
        } else {
            let ended = match status {
                Some(status) => ends(scene, &step.command, status),
                None => {
                    scene.run(&step.command);
                    Ok(())
                }
            };
            scene.wrote(&step.expected).and(ended)
        };
        let place = block.line + 1 + step.at;
        result.map_err(|what| Fault::new(place, format!("`{}`\n{what}", step.command)))?;
    }
    Ok(())
}

fn stay(scene: &mut Scene, step: &transcript::Step, terminal: Option<u16>) -> Result<(), String> {
    scene.start(&step.command, terminal);
    scene.session_writes(&step.expected)?;
    match &step.after_interrupt {
        Some(expected) => scene.interrupt(expected),
        None => Ok(()),
    }
}

/// Of a script, a `devrun start` in its last line stays.
fn script(block: &Block, scene: &mut Scene) -> Result<(), String> {
    let status = block.options.status;
    let text = block.text.trim_end();
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let stays = last.starts_with("devrun start") && status.is_none() && !scene.has_session();
    let to_its_end = format!("set -e\n{}", if stays { before } else { text });
    ends(scene, &to_its_end, status.unwrap_or(0))?;
    if stays {
        scene.start(last, block.options.terminal);
    }
    Ok(())
}

/// It ends with that status.
fn ends(scene: &mut Scene, command: &str, status: i32) -> Result<(), String> {
    match scene.run(command) {
        ended if ended == status => Ok(()),
        ended => Err(format!(
            "status {ended} in place of {status}:\n{}",
            scene.output()
        )),
    }
}

/// It is written, and what devrun reads has to please it.
fn file(block: &Block, scene: &mut Scene) -> Result<(), String> {
    let usual = FILES
        .iter()
        .find(|(language, _)| *language == block.language);
    let name = block
        .options
        .file
        .as_deref()
        .or(usual.map(|(_, name)| *name));
    let name = name.ok_or("its comment names no `file:`")?;
    scene.write(name, &block.text);
    let last = name.rsplit('/').next().unwrap();
    if !FILES.iter().any(|(_, file)| last.starts_with(file)) {
        return Ok(());
    }
    let directory = name.strip_suffix(last).unwrap();
    let flag = match last.starts_with("Procfile") {
        true => format!("-f {name}"),
        false => format!("-d ./{directory}"),
    };
    ends(
        scene,
        &format!("devrun check {flag}"),
        block.options.status.unwrap_or(0),
    )?;
    match &block.options.expect {
        Some(words) if !scene.output().contains(words) => {
            Err(format!("`{words}` is not in\n{}", scene.output()))
        }
        Some(_) | None => Ok(()),
    }
}

//! Runs the blocks of a page, each as its language and its comment say, and tells what is not as it stands there.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::page::{Block, Fault, blocks};
use super::scene::Scene;
use super::transcript::{Step, steps};
use crate::schema::Schema;
use crate::support::is_installed;
use crate::wiring::rules::exists;

/// A language, and the file that a block of it is unless its comment names another one. devrun reads those.
const FILES: [(&str, &str); 3] = [
    ("Procfile", "Procfile"),
    ("yaml", "devrun.yaml"),
    ("dotenv", ".env"),
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
        let scene = block.options.scene.as_deref().map(name_of);
        if scene.is_some_and(|name| spoilt.contains(name)) {
            continue;
        }
        if let Err(fault) = tried(block, &mut scenes) {
            faults.push(fault);
            spoilt.extend(scene);
        }
    }
    scenes.into_values().for_each(Scene::close);
    faults
}

/// Of `NAME` or `NAME/APP`.
fn name_of(scene: &str) -> &str {
    scene.split_once('/').map_or(scene, |(name, _)| name)
}

/// One block; what panics in it is a fault of it.
fn tried<'a>(block: &'a Block, scenes: &mut BTreeMap<&'a str, Scene>) -> Result<(), Fault> {
    let run = AssertUnwindSafe(|| match block.options.scene.as_deref() {
        None => by_itself(block),
        Some(scene) => {
            let place = scenes.entry(name_of(scene));
            let place = place.or_insert_with(|| Scene::open(scene));
            place.enter(scene);
            in_scene(block, place)
        }
    });
    catch_unwind(run).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.unwrap_or_else(|| "it panicked".into());
        Err(Fault::new(block.line, said))
    })
}

/// What needs nothing but the repository.
fn by_itself(block: &Block) -> Result<(), Fault> {
    let fault = |what: String| Err(Fault::new(block.line, what));
    match (&block.options.run_by[..], &block.options.schema) {
        ([], Some(schema)) => has_schema(block, schema),
        ([], None) => fault("its comment names neither a scene, a schema nor a test".into()),
        (tests, _) => match tests.iter().find(|test| !exists(test)) {
            Some(test) => fault(format!("there is no test `{test}`")),
            None => Ok(()),
        },
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
    let result = match (block.language.as_str(), &options.command) {
        ("console", None) => return console(block, scene),
        ("sh", None) => script(block, scene),
        ("text" | "json", Some(command)) => {
            let ended = ends(scene, command, options.status.unwrap_or(0));
            ended.and_then(|()| scene.wrote(&block.text))
        }
        ("text", None) => match scene.session() {
            Some(session) => session.writes(&block.text),
            None => scene.wrote(&block.text),
        },
        (_, None) => file(block, scene),
        (language, Some(_)) => Err(format!("what is `command:` of a {language} block?")),
    };
    result.map_err(|what| Fault::new(block.line, what))
}

fn console(block: &Block, scene: &mut Scene) -> Result<(), Fault> {
    let steps = steps(&block.text).map_err(|what| Fault::new(block.line, what))?;
    for (number, step) in steps.iter().enumerate() {
        let next = steps.get(number + 1);
        step_of(block, step, next, scene).map_err(|what| {
            let line = block.line + 1 + step.at;
            Fault::new(line, format!("`{}`\n{what}", step.command))
        })?;
    }
    Ok(())
}

fn step_of(
    block: &Block,
    step: &Step,
    next: Option<&Step>,
    scene: &mut Scene,
) -> Result<(), String> {
    let is_last = next.is_none();
    let is_asked = next.is_some_and(Step::asks_status);
    let told = block.options.status.filter(|_| is_last);
    let is_kept = is_last && block.options.stays;
    let is_session = step.is_session() && !is_asked && told.is_none();
    if is_session || is_kept || step.after_interrupt.is_some() {
        let session = scene.start(&step.command, block.options.terminal);
        session.writes(&step.expected)?;
        return match &step.after_interrupt {
            Some(expected) => scene.interrupt(expected),
            None => Ok(()),
        };
    }
    let status = scene.run(&step.command);
    scene.wrote(&step.expected)?;
    if is_asked {
        return Ok(());
    }
    is_status(scene, status, told.unwrap_or(0))
}

/// Of a script, a `devrun start` in its last line stays.
fn script(block: &Block, scene: &mut Scene) -> Result<(), String> {
    let status = block.options.status;
    let text = block.text.trim_end();
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let stays = last.starts_with("devrun start") && status.is_none();
    let to_its_end = if stays { before } else { text };
    ends(scene, &format!("set -e\n{to_its_end}"), status.unwrap_or(0))?;
    if stays {
        scene.start(last, block.options.terminal);
    }
    Ok(())
}

/// It ends with that status.
fn ends(scene: &mut Scene, command: &str, expected: i32) -> Result<(), String> {
    let status = scene.run(command);
    is_status(scene, status, expected)
}

fn is_status(scene: &Scene, status: i32, expected: i32) -> Result<(), String> {
    if status == expected {
        return Ok(());
    }
    let output = scene.output();
    Err(format!("status {status} in place of {expected}:\n{output}"))
}

/// It is written, and what devrun reads has to please it.
fn file(block: &Block, scene: &mut Scene) -> Result<(), String> {
    let options = &block.options;
    let usual = FILES.iter().find(|(of, _)| *of == block.language);
    let usual = usual.map(|(_, file)| *file);
    let path = options.file.as_deref().or(usual);
    let path = path.ok_or("its comment names no `file:`")?;
    scene.write(path, &block.text);
    let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
    let read = ["Procfile", "devrun.", ".env"];
    if !read.iter().any(|start| name.starts_with(start)) {
        return Ok(());
    }
    let command = match name.starts_with("Procfile") {
        true => format!("devrun check -f {path}"),
        false => format!("devrun check -d {directory}"),
    };
    ends(scene, &command, options.status.unwrap_or(0))?;
    match &options.expect {
        Some(words) if !scene.output().contains(words) => {
            Err(format!("`{words}` is not in\n{}", scene.output()))
        }
        Some(_) | None => Ok(()),
    }
}

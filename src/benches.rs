//! The doors for the benchmarks (benches/micro.rs), there only with the feature of that name: each does one piece of
//! work on bytes that are given, and returns something that depends on all of it.

use crate::log::lines;
use crate::render::json::Json;
use crate::render::palette::Depth;
use crate::render::renderer::Renderer;
use crate::render::stream::{Look, Stream};
use crate::syntax::{dotenv, formation, procfile, settings};

/// What a stream is written for.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    Pipe,
    /// A pipe, with the time and colours.
    Coloured,
    Terminal,
    Json,
}

/// The rendering of what four processes write.
#[derive(Debug)]
pub struct Rendering(Renderer);

impl Rendering {
    pub fn new(form: Form) -> Self {
        let names: Vec<String> = (1..=4).map(|n| format!("web.{n}")).collect();
        let has_looks = matches!(form, Form::Coloured | Form::Terminal);
        let look = Look {
            is_terminal: matches!(form, Form::Terminal),
            depth: if has_looks {
                Depth::Sixteen
            } else {
                Depth::None
            },
            ..Look::default()
        };
        let mut renderer = match form {
            Form::Pipe | Form::Coloured | Form::Terminal => {
                Renderer::Text(Stream::new(&names, look))
            }
            Form::Json => Renderer::Json(Json::new(&names)),
        };
        if has_looks {
            renderer.set_stamp("09:41:07 ".into());
        }
        Self(renderer)
    }

    /// Appends to `out` what a chunk of one of them completes.
    pub fn chunk(&mut self, source: usize, chunk: &[u8], out: &mut Vec<u8>) {
        self.0.chunk(source, chunk, out);
    }
}

/// How many lines a chunk completes, and what is left of it, in bytes.
pub fn cut(chunk: &[u8]) -> (usize, usize) {
    let cut = lines::cut(chunk);
    let complete = memchr::memchr_iter(b'\n', cut.complete).count();
    (complete, cut.rest.len())
}

/// How many processes a Procfile has.
pub fn procfile(text: &str) -> usize {
    procfile::parse("Procfile", text).value.len()
}

/// How many variables an env file has.
pub fn dotenv(text: &[u8]) -> usize {
    dotenv::parse(".env", text, &|_| None).value.len()
}

/// How many mistakes `devrun.yaml` has.
pub fn settings(text: &str) -> usize {
    settings::parse("devrun.yaml", text).errors.len()
}

/// Whether a formation can be understood.
pub fn formation(text: &str) -> bool {
    formation::parse(text).is_ok()
}

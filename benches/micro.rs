//! What a chunk and a file cost: the splitter, the renderer and the parsers, each by itself.

use std::fmt::Write;

use devrun::benches::{Form, Rendering};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// One read of a pipe: 64 KiB of lines of this length, with what a program writes in colours in between.
fn chunk(length: usize) -> Vec<u8> {
    let mut line = "GET /cart/total \x1b[32m200\x1b[0m in 3 ms".repeat(length / 30 + 1);
    line.truncate(length - 1);
    line.push('\n');
    let mut chunk = line.repeat(64 * 1024 / length);
    chunk.truncate(64 * 1024);
    chunk.into_bytes()
}

const LENGTHS: [usize; 3] = [20, 100, 16 * 1024];

#[divan::bench(args = LENGTHS)]
fn splitter(bencher: Bencher<'_, '_>, length: usize) {
    let chunk = chunk(length);
    bencher
        .counter(BytesCount::of_slice(&chunk))
        .bench(|| devrun::benches::cut(black_box(&chunk)));
}

#[divan::bench(args = LENGTHS)]
fn renderer_pipe(bencher: Bencher<'_, '_>, length: usize) {
    render(bencher, Form::Pipe, length);
}

#[divan::bench(args = LENGTHS)]
fn renderer_coloured(bencher: Bencher<'_, '_>, length: usize) {
    render(bencher, Form::Coloured, length);
}

#[divan::bench(args = LENGTHS)]
fn renderer_terminal(bencher: Bencher<'_, '_>, length: usize) {
    render(bencher, Form::Terminal, length);
}

#[divan::bench(args = LENGTHS)]
fn renderer_json(bencher: Bencher<'_, '_>, length: usize) {
    render(bencher, Form::Json, length);
}

fn render(bencher: Bencher<'_, '_>, form: Form, length: usize) {
    let chunk = chunk(length);
    let mut rendering = Rendering::new(form);
    let mut out = Vec::new();
    bencher
        .counter(BytesCount::of_slice(&chunk))
        .bench_local(|| {
            out.clear();
            rendering.chunk(0, black_box(&chunk), &mut out);
            out.len()
        });
}

/// A hundred of each, which is more than anybody has.
fn file(mut line: impl FnMut(&mut String, usize)) -> String {
    let mut text = String::new();
    (0..100).for_each(|at| line(&mut text, at));
    text
}

#[divan::bench]
fn procfile(bencher: Bencher<'_, '_>) {
    let text = file(|text, at| {
        writeln!(text, "web{at}: bundle exec puma -C config/{at}.rb").expect("it is a string");
    });
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| devrun::benches::procfile(black_box(&text)));
}

#[divan::bench]
fn dotenv(bencher: Bencher<'_, '_>) {
    let text = file(|text, at| {
        writeln!(
            text,
            "KEY_{at}=\"postgres://localhost/shop_{at}\" # the {at}th"
        )
        .expect("it is a string");
    });
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| devrun::benches::dotenv(black_box(text.as_bytes())));
}

#[divan::bench]
fn settings(bencher: Bencher<'_, '_>) {
    let mut text = String::from("port: 3000\nprocesses:\n");
    text += &file(|text, at| {
        writeln!(
            text,
            "  web{at}: {{ timeout: 20, env: {{ LOG_LEVEL: debug }} }}"
        )
        .expect("it is a string");
    });
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| devrun::benches::settings(black_box(&text)));
}

#[divan::bench]
fn formation(bencher: Bencher<'_, '_>) {
    let text = "all=1,web=2,worker=0,clock=3";
    bencher.bench(|| devrun::benches::formation(black_box(text)));
}

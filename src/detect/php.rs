//! Laravel.

use crate::detect::{Detected, Sources};

pub(super) fn detect(sources: &Sources, detected: &mut Detected) {
    if sources.has("artisan") {
        let command = "php artisan serve --port=$PORT";
        detected.line(&["web", "php"], command, "artisan: a Laravel app");
    }
}

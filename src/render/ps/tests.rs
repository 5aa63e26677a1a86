//! The table by examples.

use super::*;

//! Many whole lines at once, each behind the same prefix.

/// In bytes: one copy of so many, whose number the compiler knows, costs less than a call for fewer.
const BLOCK: usize = 64;

/// Appends each of these lines behind `prefix`.
pub(super) fn push(prefix: &[u8], lines: &[u8], out: &mut Vec<u8>) {
    let mut padded = [0; BLOCK];
    let length = prefix.len();
    let prefix = if length <= BLOCK {
        padded[..length].copy_from_slice(prefix);
        &padded[..]
    } else {
        prefix
    };
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', lines) {
        push_first(prefix, length, out);
        push_first(&lines[start..], end + 1 - start, out);
        start = end + 1;
    }
}

/// Appends the first `length` of these bytes.
fn push_first(bytes: &[u8], length: usize, out: &mut Vec<u8>) {
    match bytes.first_chunk::<BLOCK>() {
        Some(block) if length <= BLOCK => {
            let end = out.len() + length;
            out.extend_from_slice(block);
            out.truncate(end);
        }
        Some(_) | None => out.extend_from_slice(&bytes[..length]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_length_are_copied_behind_prefixes_of_every_length() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let prefix = "p".repeat(length);
            let lines: Vec<String> = (0..2 * BLOCK).map(|n| "x".repeat(n) + "\n").collect();
            let expected: String = lines.iter().map(|line| format!("{prefix}{line}")).collect();
            let mut out = Vec::new();
            push(prefix.as_bytes(), lines.concat().as_bytes(), &mut out);
            assert!(out == expected.as_bytes(), "{length}");
        }
    }
}

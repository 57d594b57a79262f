//! The repository's own text, as the architecture's tests read it: with comments, strings
//! and tests told apart from code by a plain scanner, enough for this project's style.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository.
#[derive(Clone, Debug)]
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
    /// Without comments; strings and characters are empty.
    pub code: String,
    /// Without comments and without tests, strings kept.
    pub shipped: String,
    /// Without comments and without tests, strings empty.
    pub shipped_code: String,
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of `src`; modules that only tests compile ship nothing.
pub fn sources() -> Vec<File> {
    let mut files = files("src", "rs");
    let tests: Vec<String> = files.iter().flat_map(File::test_modules).collect();
    for file in files.iter_mut().filter(|file| tests.contains(&file.path)) {
        file.shipped.clear();
        file.shipped_code.clear();
    }
    files
}

/// All Rust files.
pub fn all() -> Vec<File> {
    ["src", "tests", "benches"].iter().flat_map(|folder| files(folder, "rs")).collect()
}

/// README and other pages.
pub fn documents() -> Vec<File> {
    let root = repository();
    let mut found = files("docs", "md");
    let pages = fs::read_dir(&root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut pages: Vec<PathBuf> =
        pages.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.sort();
    found.extend(pages.iter().filter_map(|path| File::read(&root, path)));
    found
}

fn files(folder: &str, extension: &str) -> Vec<File> {
    let root = repository();
    let mut paths = Vec::new();
    collect(&root.join(folder), extension, &mut paths);
    paths.sort();
    paths.iter().filter_map(|path| File::read(&root, path)).collect()
}

fn collect(folder: &Path, extension: &str, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, extension, paths);
        } else if path.extension().is_some_and(|found| found == extension) {
            paths.push(path);
        }
    }
}

impl File {
    fn read(root: &Path, path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let path = path.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
        // A module of tests stands last in its file.
        let own = text.split("\nmod tests {").next()?;
        Some(Self {
            code: scan(&text, false),
            shipped: scan(own, true),
            shipped_code: scan(own, false),
            path,
            text,
        })
    }

    /// The files of the modules that this file declares for tests only.
    fn test_modules(&self) -> Vec<String> {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or_default();
        let is_root = matches!(name, "mod.rs" | "lib.rs" | "main.rs");
        let home = if is_root { folder } else { self.path.trim_end_matches(".rs") };
        let after = self.code.split("#[cfg(test)]\n").skip(1);
        let named =
            after.filter_map(|rest| rest.lines().next()?.split_once("mod ")?.1.strip_suffix(';'));
        named.map(|name| format!("{home}/{name}.rs")).collect()
    }

    /// The module at the crate's root that the file belongs to.
    pub fn module(&self) -> String {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        inner.split('/').next().unwrap_or_default().to_owned()
    }

    /// The file's name without `.rs`.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.trim_end_matches(".rs")
    }

    /// Whether the code holds a path, not followed by more of the word.
    pub fn has_word(&self, word: &str) -> bool {
        let mut rest = self.code.split(word).skip(1);
        rest.any(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    }

    /// Every function with a body, and its length in lines.
    pub fn functions(&self) -> Vec<(String, usize)> {
        let lines: Vec<&str> = self.code.lines().collect();
        let mut found = Vec::new();
        for (start, line) in lines.iter().enumerate() {
            let Some((before, after)) = line.split_once("fn ") else { continue };
            let is_word = before.is_empty() || before.ends_with(' ');
            let name: String =
                after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if is_word && !name.is_empty() {
                found.extend(length(&lines[start..]).map(|length| (name, length)));
            }
        }
        found
    }
}

/// Lines to the brace that closes the first one; none where a `;` comes before it.
fn length(lines: &[&str]) -> Option<usize> {
    let (mut depth, mut round) = (0, 0);
    for (index, line) in lines.iter().enumerate() {
        for c in line.chars() {
            match c {
                '(' | '[' => round += 1,
                ')' | ']' => round -= 1,
                '{' => depth += 1,
                '}' if depth == 1 => return Some(index + 1),
                '}' => depth -= 1,
                ';' if depth == 0 && round == 0 => return None,
                _ => {}
            }
        }
    }
    None
}

/// The text without comments, and without the inside of strings unless they are kept.
fn scan(text: &str, keep_strings: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => {
                at = line_end(&chars, at);
                continue;
            }
            '"' => string_end(&chars, at),
            'r' if is_raw(&chars, at) => raw_end(&chars, at),
            '\'' => character_end(&chars, at),
            _ => at + 1,
        };
        let end = end.min(chars.len());
        let is_literal = end > at + 1;
        for &c in &chars[at..end] {
            // Line feeds stay, so that lines can be counted.
            if !is_literal || keep_strings || c == '\n' {
                out.push(c);
            }
        }
        at = end;
    }
    out
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|&c| c == '\n').map_or(chars.len(), |length| at + length)
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// Whether a raw string begins here, and not a word that ends in r.
fn is_raw(chars: &[char], at: usize) -> bool {
    let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    let mut rest = chars[at + 1..].iter().skip_while(|&&c| c == '#');
    // `r#type` is a word, not a string: a quote must follow.
    !in_word && rest.next() == Some(&'"')
}

fn raw_end(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
    let mut at = start + 2 + hashes;
    while at < chars.len() {
        let closes = chars[at] == '"' && chars[at + 1..].iter().take(hashes).all(|&c| c == '#');
        if closes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

/// A character's end; a lifetime is a single quote.
fn character_end(chars: &[char], start: usize) -> usize {
    match (chars.get(start + 1), chars.get(start + 2)) {
        (Some('\\'), _) => {
            let rest = chars[start + 3..].iter().position(|&c| c == '\'');
            rest.map_or(chars.len(), |length| start + 4 + length)
        }
        (Some(_), Some('\'')) => start + 3,
        _ => start + 1,
    }
}

//! Issues as people and programs read them.

use crate::cli::screen::Screen;
use crate::error::{Issue, Severity, is_hidden};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource};
use std::fmt;

/// Reports issues on stderr, in the form that was asked for.
pub fn report(issues: &[Issue], screen: &Screen) {
    if issues.is_empty() {
        return;
    }
    if screen.json {
        let list: Vec<_> = issues.iter().map(json).collect();
        return screen.complain(&format!("{:#}", serde_json::Value::from(list)));
    }
    let shown = issues.iter().filter(|one| one.severity == Severity::Error || !screen.quiet);
    for issue in shown {
        screen.complain(rendered(issue, screen).trim_end());
    }
    let errors = issues.iter().filter(|one| one.severity == Severity::Error).count();
    if errors > 0 {
        let noun = if errors == 1 { "mistake" } else { "mistakes" };
        let codes = "`guanxi explain CODE` tells more";
        screen.complain(&format!("error: {errors} {noun} in the scenario; {codes}"));
    }
}

/// An issue as JSON.
#[must_use]
pub fn json(issue: &Issue) -> serde_json::Value {
    serde_json::json!({
        "code": issue.code,
        "severity": issue.severity.word(),
        "message": issue.message,
        "help": issue.help,
        "file": issue.file(),
        "line": issue.line(),
        "column": issue.column(),
        "start": issue.place.span.start,
        "end": issue.place.span.end,
    })
}

/// Longest line that is drawn, in bytes.
const DRAWN: usize = 400;

/// An issue with the lines that it is about.
#[must_use]
pub fn rendered(issue: &Issue, screen: &Screen) -> String {
    let theme = match (screen.terminal, screen.color) {
        (_, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, false) => GraphicalTheme::none(),
    };
    let mut handler = GraphicalReportHandler::new_themed(theme).with_links(false);
    if !screen.terminal {
        handler = handler.with_width(10_000);
    }
    let mut text = String::new();
    // A place that cannot be drawn must not hide the message.
    if !can_be_drawn(issue) || handler.render_report(&mut text, &Shown::new(issue)).is_err() {
        text = plain(issue);
    }
    text
}

/// Whether the lines around the place are short enough to be looked at.
fn can_be_drawn(issue: &Issue) -> bool {
    let text = issue.place.source.text.as_bytes();
    let [start, end] = [issue.place.span.start, issue.place.span.end].map(|at| at.min(text.len()));
    let before = text[..start].rsplit(|byte| *byte == b'\n').take(2);
    let after = text[end..].split(|byte| *byte == b'\n').take(2);
    before.chain(after).map(<[u8]>::len).sum::<usize>() + end.saturating_sub(start) <= 3 * DRAWN
}

/// An issue without the lines that it is about.
fn plain(issue: &Issue) -> String {
    let Issue { code, severity, message, help, .. } = issue;
    let place = format!("{}:{}:{}", issue.file(), issue.line(), issue.column());
    let help = help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
    format!("{code}\n\n  {}: {message}\n   ,-[{place}]{help}", severity.word())
}

/// A text of the same length in bytes in which nothing acts on the terminal.
fn seen(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let is_end = c == '\n' || (c == '\r' && letters.peek() == Some(&'\n'));
        seen.push(match c {
            c if is_end || c == '\t' || !is_hidden(c) => c,
            // A character of as many bytes: places are counted in them.
            c if c.len_utf8() == 1 => '?',
            c if c.len_utf8() == 2 => '\u{bf}',
            _ => '\u{fffd}',
        });
    }
    seen
}

/// An issue in the form that miette draws.
#[derive(Debug)]
struct Shown<'a> {
    issue: &'a Issue,
    source: NamedSource<String>,
}

impl<'a> Shown<'a> {
    fn new(issue: &'a Issue) -> Self {
        let source = &issue.place.source;
        Self { issue, source: NamedSource::new(seen(&source.name), seen(&source.text)) }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.issue.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.issue.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.issue.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.issue.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let length = self.issue.place.source.text.len();
        let start = self.issue.place.span.start.min(length);
        let end = self.issue.place.span.end.clamp(start, length);
        let label = Some(self.issue.label.clone()).filter(|label| !label.is_empty());
        Some(Box::new(std::iter::once(LabeledSpan::new(label, start, end - start))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_has_as_many_bytes_and_nothing_hidden() {
        let text = "a\r\nb\rc\u{1b}[31m\u{85}\u{202e}群\t";
        let drawn = seen(text);
        assert_eq!(drawn, "a\r\nb?c?[31m\u{bf}\u{fffd}群\t");
        assert_eq!(drawn.len(), text.len());
    }
}

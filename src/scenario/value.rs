//! One raw value against one declaration: type, wholeness, finiteness, range, choice.

use crate::error::{Issue, NOT_A_CHOICE, NOT_FINITE, NOT_WHOLE, OUT_OF_RANGE, WRONG_TYPE, clipped};
use crate::parameter::{Kind, Parameter, Value};
use crate::scenario::nearest::nearest;
use crate::scenario::raw::{Item, Node};

/// The checked value of a parameter; `path` names it in messages.
pub fn checked(node: &Node, parameter: &Parameter, path: &str) -> Result<Value, Box<Issue>> {
    let check = Check { node, parameter, path };
    match parameter.kind {
        Kind::Number => check.number(node).map(Value::Number),
        Kind::Integer => check.integer().map(Value::Integer),
        Kind::Flag => check.flag(),
        Kind::Text => check.text(),
        Kind::Numbers => check.numbers(),
    }
}

/// What a parameter accepts, in words.
#[must_use]
pub fn accepted(parameter: &Parameter) -> String {
    let range = range(parameter);
    match parameter.kind {
        Kind::Number => format!("a number{range}"),
        Kind::Integer => format!("a whole number{range}"),
        Kind::Flag => "true or false".to_owned(),
        Kind::Text if parameter.choices.is_empty() => "text in quotation marks".to_owned(),
        Kind::Text => format!("one of {}", quoted(parameter.choices)),
        Kind::Numbers => format!("a list of numbers{range}"),
    }
}

/// A number as it is best read: whole ones without a point, long ones grouped.
#[must_use]
pub fn plain(x: f64) -> String {
    if x.abs() >= 1e15 || (x != 0.0 && x.abs() < 1e-4) {
        return format!("{x:e}");
    }
    if x.fract() != 0.0 {
        return format!("{x}");
    }
    let digits = format!("{:.0}", x.abs());
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    if x < 0.0 { format!("-{grouped}") } else { grouped }
}

/// A bound as it is best read. The ends of 64 bits are no round numbers as floats.
fn bound(parameter: &Parameter, x: f64) -> String {
    match parameter.kind {
        Kind::Integer if x.abs() >= 1e15 => format!("{}", x as i64),
        _ => plain(x),
    }
}

/// The range in words, empty where there is none.
fn range(parameter: &Parameter) -> String {
    let [min, max] = [parameter.min, parameter.max].map(|x| bound(parameter, x));
    match (parameter.min.is_finite(), parameter.max.is_finite()) {
        (true, true) => format!(" from {min} to {max}"),
        (true, false) => format!(", at least {min}"),
        (false, true) => format!(", at most {max}"),
        (false, false) => String::new(),
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// A number as the user wrote it, as far as it is one word.
fn written(node: &Node, x: f64) -> String {
    let text = node.place.source.text.get(node.place.span.clone()).unwrap_or_default();
    let is_number = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    match !text.is_empty() && text.chars().all(is_number) {
        true => clipped(text),
        false => plain(x),
    }
}

struct Check<'a> {
    node: &'a Node,
    parameter: &'a Parameter,
    path: &'a str,
}

/// What was meant by a number or flag in quotation marks; thousands may be parted by commas.
fn bare(kind: Kind, text: &str) -> Option<String> {
    let text = text.trim();
    if kind == Kind::Flag {
        return matches!(text, "true" | "false").then(|| text.to_owned());
    }
    let groups: Vec<&str> = text.split(',').collect();
    let digits = |group: &&str| group.bytes().all(|byte| byte.is_ascii_digit());
    let parted = groups.iter().skip(1).all(|group| group.len() == 3 && digits(group));
    let is_number = parted && text.len() <= 32 && text.starts_with(|c: char| c.is_ascii_digit());
    let joined = groups.join("_");
    let plain = joined.replace('_', "");
    (is_number && kind != Kind::Text && plain.parse::<f64>().is_ok()).then_some(joined)
}

impl Check<'_> {
    fn issue(&self, code: &'static str, node: &Node, message: String) -> Box<Issue> {
        let unit = match self.parameter.unit {
            "1" | "" => String::new(),
            unit => format!(" ({unit})"),
        };
        let help = format!("`{}` accepts {}{unit}", self.path, accepted(self.parameter));
        Box::new(Issue::new(code, &node.place, message).label("here").help(help))
    }

    fn wrong_type(&self, node: &Node) -> Box<Issue> {
        let message = format!("`{}` cannot be {}", self.path, node.item.noun());
        let issue = self.issue(WRONG_TYPE, node, message);
        match &node.item {
            Item::Text(text) => match bare(self.parameter.kind, text) {
                Some(bare) => {
                    Box::new(issue.label(format!("write {bare}, without quotation marks")))
                }
                None => issue,
            },
            _ => issue,
        }
    }

    fn number(&self, node: &Node) -> Result<f64, Box<Issue>> {
        let x = match node.item {
            Item::Integer(n) => n as f64,
            Item::Float(x) => x,
            _ => return Err(self.wrong_type(node)),
        };
        if !x.is_finite() {
            return Err(self.not_finite(x, node));
        }
        self.in_range(x, node)?;
        // Adding 0 turns -0 into 0, which would be another value in the digest.
        Ok(x + 0.0)
    }

    fn not_finite(&self, x: f64, node: &Node) -> Box<Issue> {
        let written = written(node, x);
        let message = match written.contains(|c: char| c.is_ascii_digit()) {
            true => format!("`{}` is {written}, which is beyond every number", self.path),
            false => format!("`{}` must be a finite number, not {written}", self.path),
        };
        self.issue(NOT_FINITE, node, message)
    }

    fn in_range(&self, x: f64, node: &Node) -> Result<(), Box<Issue>> {
        let Parameter { min, max, .. } = *self.parameter;
        let bound = if x < min {
            format!("less than {}", bound(self.parameter, min))
        } else if x > max {
            format!("more than {}", bound(self.parameter, max))
        } else {
            return Ok(());
        };
        let message = format!("`{}` is {}, which is {bound}", self.path, written(node, x));
        Err(self.issue(OUT_OF_RANGE, node, message))
    }

    fn integer(&self) -> Result<i64, Box<Issue>> {
        let node = self.node;
        let beyond = |x: f64| {
            let bound = if x < 0.0 { "less than -2^63" } else { "2^63 or more" };
            let message = format!("`{}` is {}, which is {bound}", self.path, written(node, x));
            self.issue(NOT_WHOLE, node, message)
        };
        let whole = match node.item {
            Item::Integer(n) => i64::try_from(n).map_err(|_| beyond(n as f64))?,
            Item::Float(x) if !x.is_finite() => return Err(self.not_finite(x, node)),
            Item::Float(x) if x.fract() != 0.0 => {
                let message = format!("`{}` must be whole, not {}", self.path, written(node, x));
                return Err(self.issue(NOT_WHOLE, node, message));
            }
            Item::Float(x) if x.abs() >= 9_223_372_036_854_775_808.0 => return Err(beyond(x)),
            Item::Float(x) => x as i64,
            _ => return Err(self.wrong_type(node)),
        };
        self.in_range(whole as f64, node)?;
        Ok(whole)
    }

    fn flag(&self) -> Result<Value, Box<Issue>> {
        match self.node.item {
            Item::Flag(yes) => Ok(Value::Flag(yes)),
            _ => Err(self.wrong_type(self.node)),
        }
    }

    fn text(&self) -> Result<Value, Box<Issue>> {
        let Item::Text(text) = &self.node.item else {
            return Err(self.wrong_type(self.node));
        };
        let choices = self.parameter.choices;
        if choices.is_empty() || choices.contains(&text.as_str()) {
            return Ok(Value::Text(text.clone()));
        }
        let message = format!("`{}` cannot be \"{}\"", self.path, clipped(text));
        let issue = self.issue(NOT_A_CHOICE, self.node, message);
        Err(match nearest(text, choices.iter().copied()) {
            Some(name) => Box::new(issue.label(format!("did you mean \"{name}\"?"))),
            None => issue,
        })
    }

    fn numbers(&self) -> Result<Value, Box<Issue>> {
        let Item::List(list) = &self.node.item else {
            return Err(self.wrong_type(self.node));
        };
        list.iter().map(|one| self.number(one)).collect::<Result<_, _>>().map(Value::Numbers)
    }
}

//! Parameters: declared once; parser, range check, manual and manifest derive from it.

use std::collections::BTreeMap;

/// How surely a default is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag {
    /// Read in a source.
    V,
    /// Derived from figures read in a source.
    D,
    /// Remembered, not read again.
    M,
    /// Assumed.
    A,
}

impl Tag {
    /// The letter by which the tag is written.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::V => "V",
            Self::D => "D",
            Self::M => "M",
            Self::A => "A",
        }
    }

    /// What the letter means, for people.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::V => "read in a source",
            Self::D => "derived from a source",
            Self::M => "from memory, not re-read",
            Self::A => "assumed",
        }
    }
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A finite number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Flag(bool),
    /// Text, one of a list where the parameter has choices.
    Text(String),
    /// A list of finite numbers.
    Numbers(Vec<f64>),
}

impl std::fmt::Display for Value {
    /// As TOML.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(x) => write!(f, "{x:?}"),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Flag(yes) => write!(f, "{yes}"),
            Self::Text(text) => write!(f, "{}", toml::Value::String(text.clone())),
            Self::Numbers(list) => write!(f, "{list:?}"),
        }
    }
}

/// The type a parameter's value must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A finite number.
    Number,
    /// A whole number; `1e6` is accepted in a file.
    Integer,
    /// `true` or `false`.
    Flag,
    /// Any text.
    Text,
    /// A list of finite numbers, each in the parameter's range.
    Numbers,
}

/// The declaration of one parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Name in the scenario file.
    pub name: &'static str,
    /// Type of the value.
    pub kind: Kind,
    /// Default as it would be written in the file; empty where one must be given.
    pub default: &'static str,
    /// Unit, `1` for pure numbers.
    pub unit: &'static str,
    /// Smallest accepted value (numbers).
    pub min: f64,
    /// Largest accepted value (numbers).
    pub max: f64,
    /// Accepted words (text); empty where any text will do.
    pub choices: &'static [&'static str],
    /// How surely the default is known.
    pub tag: Tag,
    /// Where the default comes from.
    pub source: &'static str,
    /// What the parameter means.
    pub doc: &'static str,
    /// Where it has an effect; everywhere where nothing is said.
    pub only: Option<Only>,
}

/// A parameter has an effect only where another one of its table has certain values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Only {
    /// Name of the other parameter, a text or a number.
    pub key: &'static str,
    /// Its values, where it is a text; a number has to be more than 0.
    pub values: &'static [&'static str],
}

impl Only {
    /// The values in words, texts in this kind of quotation marks.
    #[must_use]
    pub fn told(&self, mark: &str) -> String {
        if self.values.is_empty() {
            return "more than 0".to_owned();
        }
        let words: Vec<_> = self.values.iter().map(|word| format!("{mark}{word}{mark}")).collect();
        words.join(" or ")
    }

    /// The other parameter's value where it keeps this one from having an effect, in words.
    #[must_use]
    pub fn idle(&self, other: &Value) -> Option<String> {
        match other {
            Value::Text(text) if !self.values.contains(&text.as_str()) => {
                Some(format!("\"{text}\""))
            }
            Value::Number(x) if *x <= 0.0 => Some("0".to_owned()),
            Value::Integer(n) if *n <= 0 => Some("0".to_owned()),
            _ => None,
        }
    }
}

impl Parameter {
    /// The default as a value.
    ///
    /// # Panics
    /// Where the declaration itself is malformed; a test reads every default.
    #[must_use]
    pub fn default_value(&self) -> Value {
        let text = self.default;
        let parsed = match self.kind {
            Kind::Number => text.replace('_', "").parse().ok().map(Value::Number),
            Kind::Integer => text.replace('_', "").parse().ok().map(Value::Integer),
            Kind::Flag => text.parse().ok().map(Value::Flag),
            Kind::Text => Some(Value::Text(text.trim_matches('"').to_owned())),
            Kind::Numbers => numbers(text).map(Value::Numbers),
        };
        parsed.unwrap_or_else(|| panic!("the default of `{}` is not a {:?}", self.name, self.kind))
    }
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    inner.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect()
}

/// Checked values of one table of a scenario, by parameter name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(pub BTreeMap<&'static str, Value>);

impl Values {
    /// All defaults of a table.
    #[must_use]
    pub fn defaults(parameters: &'static [Parameter]) -> Self {
        Self(parameters.iter().map(|p| (p.name, p.default_value())).collect())
    }

    /// The value of a parameter.
    ///
    /// # Panics
    /// If the table has no such parameter, which only a wrong declaration can cause.
    #[must_use]
    pub fn value(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("no parameter `{name}` in this table"))
    }
}

/// A Rust type that a parameter's value converts to.
pub trait FromValue: Sized {
    /// The kind of value that this type is read from.
    const KIND: Kind;
    /// This as a value.
    fn to_value(&self) -> Value;
    /// The value as this type; the kind and range were checked before.
    fn from_value(value: &Value) -> Self;
}

macro_rules! from_value {
    ($type:ty, $kind:ident, $pattern:pat => $result:expr, $this:ident => $back:expr) => {
        impl FromValue for $type {
            const KIND: Kind = Kind::$kind;
            fn to_value(&self) -> Value {
                let $this = self;
                Value::$kind($back)
            }
            fn from_value(value: &Value) -> Self {
                match value {
                    $pattern => $result,
                    other => panic!("a {other:?} where a {:?} was checked", Self::KIND),
                }
            }
        }
    };
}

from_value!(f64, Number, Value::Number(x) => *x, this => *this);
from_value!(u16, Integer, Value::Integer(n) => *n as u16, this => i64::from(*this));
from_value!(u32, Integer, Value::Integer(n) => *n as u32, this => i64::from(*this));
from_value!(u64, Integer, Value::Integer(n) => *n as u64, this => *this as i64);
from_value!(i64, Integer, Value::Integer(n) => *n, this => *this);
from_value!(bool, Flag, Value::Flag(yes) => *yes, this => *this);
from_value!(String, Text, Value::Text(text) => text.clone(), this => this.clone());
from_value!(Vec<f64>, Numbers, Value::Numbers(list) => list.clone(), this => this.clone());

/// Declares a table of parameters: a plain struct, its declarations and its reader.
///
/// ```
/// guanxi::parameters! {
///     /// How groups are formed.
///     pub struct Parameters {
///         /// Members that complete a group.
///         size: u32 = "2", "members", 2.0, 100.0, V, "99.4 % of completed groups are pairs (BeiBei)";
///         /// Who may join.
///         pool: String = "public", "1", ["public", "friends"], A, "assumed";
///         /// How many strangers may join.
///         strangers: u32 = "1", "members", 0.0, 100.0, A, "assumed", if pool in ["public"];
///     }
/// }
/// assert_eq!(Parameters::DECLARED[0].name, "size");
/// let p = Parameters::from_values(&guanxi::parameter::Values::defaults(Parameters::DECLARED));
/// assert_eq!(p.size, 2);
/// ```
#[macro_export]
macro_rules! parameters {
    (
        $(#[doc = $about:literal])*
        pub struct $struct:ident {
            $(
                $(#[doc = $doc:literal])+
                $name:ident : $type:ty = $default:literal, $unit:literal,
                $($min:literal, $max:literal,)? $([$($choice:literal),* $(,)?],)?
                $tag:ident, $source:literal $(, if $key:ident in [$($word:literal),+ $(,)?])?
                $(, where $positive:ident > 0)?;
            )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $struct {
            $($(#[doc = $doc])+ pub $name: $type,)*
        }

        impl $struct {
            /// The declarations, in the order of the manual.
            pub const DECLARED: &'static [$crate::parameter::Parameter] = &[
                $($crate::parameter::Parameter {
                    name: stringify!($name),
                    kind: <$type as $crate::parameter::FromValue>::KIND,
                    default: $default,
                    unit: $unit,
                    min: $crate::parameters!(@bound f64::NEG_INFINITY $(, $min)?),
                    max: $crate::parameters!(@bound f64::INFINITY $(, $max)?),
                    choices: &[$($($choice),*)?],
                    tag: $crate::parameter::Tag::$tag,
                    source: $source,
                    doc: concat!($($doc, "\n"),+),
                    only: $crate::parameters!(@only $($key, $($word),+)? $($positive)?),
                },)*
            ];

            /// Reads checked values.
            #[must_use]
            #[allow(clippy::missing_const_for_fn, unused_variables)]
            pub fn from_values(values: &$crate::parameter::Values) -> Self {
                Self {
                    $($name: $crate::parameter::FromValue::from_value(
                        values.value(stringify!($name))),)*
                }
            }

            /// The values by name, as a scenario holds them.
            #[must_use]
            #[allow(dead_code)]
            pub fn to_values(&self) -> $crate::parameter::Values {
                $crate::parameter::Values(std::collections::BTreeMap::from([
                    $((stringify!($name), $crate::parameter::FromValue::to_value(&self.$name)),)*
                ]))
            }
        }

        impl Default for $struct {
            fn default() -> Self {
                Self::from_values(&$crate::parameter::Values::defaults(Self::DECLARED))
            }
        }
    };
    (@only) => { None };
    (@only $key:ident, $($word:literal),+) => {
        Some($crate::parameter::Only { key: stringify!($key), values: &[$($word),+] })
    };
    (@only $key:ident) => {
        Some($crate::parameter::Only { key: stringify!($key), values: &[] })
    };
    (@bound $default:expr) => { $default };
    (@bound $default:expr, $given:literal) => { $given };
}

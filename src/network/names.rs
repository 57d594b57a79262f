//! The user's own ids of consumers, in columns.

use crate::network::UserId;
use crate::simd::Column;

/// Ids by consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// Numbers.
    Numbers(Column<u64>),
    /// Texts, one after the other.
    Texts {
        /// Where each text begins; the last element is the length of all texts.
        starts: Column<u64>,
        /// The texts in UTF-8.
        texts: Column<u8>,
    },
}

impl Names {
    /// From a list of ids, which are texts where any of them is one.
    #[must_use]
    pub fn new(ids: &[UserId]) -> Self {
        let numbers: Option<Vec<u64>> = ids.iter().map(number).collect();
        if let Some(numbers) = numbers {
            return Self::Numbers(numbers.into());
        }
        let (mut starts, mut texts) = (vec![0], String::new());
        for id in ids {
            texts.push_str(&id.to_string());
            starts.push(texts.len() as u64);
        }
        Self::Texts { starts: starts.into(), texts: texts.into_bytes().into() }
    }

    /// Number of ids.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts { starts, .. } => starts.len() - 1,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of a consumer.
    #[must_use]
    pub fn of(&self, i: u32) -> UserId {
        let i = i as usize;
        match self {
            Self::Numbers(numbers) => UserId::Number(numbers[i]),
            Self::Texts { starts, texts } => {
                let text = &texts[starts[i] as usize..starts[i + 1] as usize];
                UserId::Text(String::from_utf8_lossy(text).into())
            }
        }
    }

    /// All ids, in the order of the consumers.
    pub fn iter(&self) -> impl Iterator<Item = UserId> + '_ {
        (0..self.len() as u32).map(|i| self.of(i))
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Numbers(numbers) => 8 * numbers.len() as u64,
            Self::Texts { starts, texts } => (8 * starts.len() + texts.len()) as u64,
        }
    }
}

fn number(id: &UserId) -> Option<u64> {
    match id {
        UserId::Number(number) => Some(*number),
        UserId::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_out_as_they_went_in() {
        let numbers = [7, 0, u64::MAX].map(UserId::Number);
        let texts = ["b", "", "关系"].map(|text| UserId::Text(text.into()));
        for (ids, bytes) in [(numbers, 24), (texts, 32 + 7)] {
            let names = Names::new(&ids);
            assert_eq!((names.len(), names.bytes()), (3, bytes));
            assert_eq!(names.iter().collect::<Vec<_>>(), ids);
        }
        assert!(Names::new(&[]).is_empty());
    }
}

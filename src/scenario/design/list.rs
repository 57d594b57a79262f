//! A design from a CSV file: a header of dotted names, then a row a point.

use crate::scenario::design::{MOST_POINTS, Points};

/// Reads a list of points; an empty cell leaves the scenario's own value.
///
/// # Errors
/// All that is wrong with the file, a sentence each.
pub fn parse(bytes: &[u8]) -> Result<Points, Vec<String>> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let mut mistakes = Vec::new();
    let keys: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => return Err(vec![format!("the header cannot be read: {error}")]),
    };
    for (index, key) in keys.iter().enumerate() {
        if key.is_empty() {
            mistakes.push(format!("column {} has no name", index + 1));
        } else if keys[..index].contains(key) {
            mistakes.push(format!("two columns are called `{key}`"));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Err(error) => mistakes.push(error.to_string()),
            Ok(record) if record.len() == keys.len() => {
                let cell = |cell: &str| Some(cell.to_owned()).filter(|cell| !cell.is_empty());
                rows.push(record.iter().map(cell).collect());
            }
            Ok(record) => mistakes.push(format!(
                "line {} has {} cells, the header {}",
                record.position().map_or(0, csv::Position::line),
                record.len(),
                keys.len()
            )),
        }
        if mistakes.len() >= 20 || rows.len() as u64 > MOST_POINTS {
            break;
        }
    }
    if rows.is_empty() && mistakes.is_empty() {
        mistakes
            .push("it holds no points: a header of dotted names, then a row a point".to_owned());
    }
    if rows.len() as u64 > MOST_POINTS {
        mistakes.push(format!("it holds more than {MOST_POINTS} points"));
    }
    if mistakes.is_empty() { Ok(Points { keys, rows }) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_point_and_an_empty_cell_is_no_value() {
        let text = "\u{feff}days, arm.a.preset\n30, viral\n60,\n";
        let points = parse(text.as_bytes()).unwrap();
        assert_eq!(points.keys, ["days", "arm.a.preset"]);
        assert_eq!(points.sets(0), ["days=30", "arm.a.preset=viral"]);
        assert_eq!(points.sets(1), ["days=60"]);
    }

    #[test]
    fn all_mistakes_of_a_list_are_told() {
        let found = parse(b"a,,a\n1,2\n1,2,3,4\n").unwrap_err().join("\n");
        for words in ["column 2 has no name", "called `a`", "line 2 has 2", "line 3 has 4"] {
            assert!(found.contains(words), "no `{words}` in\n{found}");
        }
        assert!(parse(b"a,b\n").unwrap_err()[0].contains("no points"));
        assert!(parse(b"a\n\xff\n").unwrap_err()[0].contains("UTF-8"));
    }
}

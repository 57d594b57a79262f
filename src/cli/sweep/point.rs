//! A point of a sweep as `compare` takes it: `DIR@point=7`.

use crate::cli::compare::Measurement;
use crate::cli::failure::Failure;
use crate::cli::named;
use crate::cli::screen::Screen;
use crate::output::read;
use std::path::Path;

/// What was measured at the point that a source names; none where it is no sweep.
///
/// # Errors
/// Where the sweep cannot be read, has several points and none is named, or not that one.
pub fn measurement(source: &Path, screen: &Screen) -> Result<Option<Measurement>, Failure> {
    let text = source.to_string_lossy();
    let (folder, asked) = match text.rsplit_once("@point=") {
        Some((folder, point)) if !source.exists() => (Path::new(folder), Some(point)),
        _ => (source, None),
    };
    let shown = folder.display();
    let Some(found) = named::sweep(folder)? else {
        return match asked {
            None => Ok(None),
            Some(_) => Err(Failure::Usage(format!("`{shown}` is no sweep, so it has no points"))),
        };
    };
    let n = found.plan.points.len();
    let point = match asked {
        Some(text) => text.parse::<u32>().ok().filter(|&point| (point as usize) < n),
        None => Some(0).filter(|_| n == 1),
    };
    let Some(point) = point else {
        return Err(Failure::Usage(format!(
            "`{shown}` is a sweep, of which points are compared one by one: name one of 0 to {}, \
             such as {shown}@point=0\nall of them stand in {shown}/tables/differences.csv, their \
             values in {shown}/plan.csv",
            n - 1
        )));
    };
    if found.manifest.tables_digest.is_none() {
        let message = format!("`{shown}` has no tables yet: the sweep is not finished");
        return Err(Failure::Usage(message));
    }
    let planned = &found.plan.points[point as usize];
    let values = found.plan.varied.iter().zip(&planned.values);
    let told = values.filter_map(|(one, value)| Some(format!("{}={}", one.key, value.as_ref()?)));
    screen.tell(&format!("{shown}@point={point}: {}", told.collect::<Vec<_>>().join(", ")));
    let measured = read::read_point(folder, &found.plan.scenario, &planned.baseline, point);
    let measured = measured.map_err(|error| Failure::Runtime(error.into()))?;
    let label = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(Some(Measurement { label: format!("{label}@point={point}"), seed: planned.seed, measured }))
}

//! Scripts of a proxy: text to [`Script`]. Touches no disk.

use super::{FileError, Problem, broken, check, text_of, wrong};
use crate::drive::proxy::{Objection, Place, Script};
use toml::de::DeTable;

/// Reads a script from the bytes of the file called `file`, to be played between these endpoints.
///
/// # Errors
///
/// One sentence: what is wrong, where, and what to do.
pub fn parse_script(file: &str, bytes: &[u8], place: &Place) -> Result<Script, FileError> {
    let text = text_of(file, bytes, "a script")?;
    read(text, place).map_err(|problem| problem.in_file(file, text))
}

fn read(text: &str, place: &Place) -> Result<Script, Problem> {
    if text.trim().is_empty() {
        let problem = Problem::new(None, "", "the file is empty");
        return Err(problem.hint("a script begins with `version = 1`, as a scenario does"));
    }
    let document = DeTable::parse(text).map_err(|error| broken(text, &error))?;
    check::version(document.get_ref())?;
    let script: Script = toml::from_str(text).map_err(wrong)?;
    script.check(place).map_err(|objection| {
        let at = place_of(document.get_ref(), &objection);
        Problem::new(at, objection.table, objection.to_string())
    })?;
    Ok(script)
}

/// Where the entry begins that cannot be played.
fn place_of(document: &DeTable<'_>, objection: &Objection) -> Option<usize> {
    let entries = document.get(objection.table)?;
    Some(entries.get_ref().get(objection.number)?.span().start)
}

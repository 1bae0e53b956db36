//! Puts cases aside that no longer break anything. Only cases that a search wrote (they have a
//! summary): what people keep on purpose, a regression test above all, is theirs to move.

use super::disk;
use super::keep::{SUMMARY, directories};
use super::output::hint;
use crate::exit::Failure;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where they go, below the directory that was named. What begins with a dot is not run again.
const FIXED: &str = ".fixed";

/// Stories and single files cannot be put aside.
pub(crate) fn only_directories(words: &[String]) -> Result<(), Failure> {
    match words.iter().find(|word| !Path::new(word).is_dir()) {
        None if !words.is_empty() => Ok(()),
        None => Err(Failure::usage("--prune needs the directory that holds the cases")),
        Some(word) => Err(Failure::usage(format!("--prune needs directories; `{word}` is none"))),
    }
}

/// Moves every case below these directories that is sound: it breaks nothing, and all its faults
/// happened.
pub(crate) fn prune(words: &[String], sound: &BTreeSet<String>) -> Result<(), Failure> {
    for word in words {
        let root = Path::new(word);
        for file in disk::scenario_files(root)? {
            let Some(case) = file.parent().filter(|case| *case != root) else { continue };
            if case.join(SUMMARY).exists() && is_fixed(case, sound)? {
                let aside = aside(root, case)?;
                hint(&format!(
                    "{} breaks nothing any more: it is in {} now; with a sentence for a name it \
                     makes a test",
                    case.display(),
                    aside.display()
                ));
            }
        }
    }
    Ok(())
}

/// Whether every scenario of the case is sound; a case that was moved already holds none.
fn is_fixed(case: &Path, sound: &BTreeSet<String>) -> Result<bool, Failure> {
    if !case.exists() {
        return Ok(false);
    }
    let files = disk::scenario_files_if_any(case)?;
    Ok(files.iter().all(|file| sound.contains(&file.display().to_string())))
}

fn aside(root: &Path, case: &Path) -> Result<PathBuf, Failure> {
    let fixed = root.join(FIXED);
    std::fs::create_dir_all(&fixed).map_err(|error| Failure::write(&fixed, &error))?;
    let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut free = directories(&name).map(|name| fixed.join(name)).filter(|path| !path.exists());
    let place = free.next().expect("there are more numbers than directories");
    std::fs::rename(case, &place).map_err(|error| Failure::write(&place, &error))?;
    Ok(place)
}

//! Files: read with a clear sentence, written whole or not at all, never over one another.

use crate::exit::Failure;
use std::ffi::OsString;
use std::fs;
use std::io::{BufWriter, Error, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::read(path, &error))
}

/// The scenario files below a directory, by name; none is a mistake.
pub(crate) fn scenario_files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let found = scenario_files_if_any(directory)?;
    match found.is_empty() {
        true => Err(Failure::usage(format!(
            "{} holds no scenario; a scenario is a file that ends in .toml",
            directory.display()
        ))),
        false => Ok(found),
    }
}

/// The scenario files below a directory, by name.
pub(crate) fn scenario_files_if_any(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    collect(directory, &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::read(directory, &error);
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        // A link to a directory may lead back here.
        if kind.is_dir() && !is_hidden {
            collect(&path, found)?;
        } else if !kind.is_dir() && !is_hidden && path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
    Ok(())
}

/// Writes a new file: first under another name beside it, then it gets its own. What is there
/// already stays as it is.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    try_new(path, bytes).map_err(|error| Failure::write(path, &error))
}

fn try_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let temporary = beside(path);
    match write_all(&temporary, bytes) {
        // A process elsewhere has this very number, and took the name first: it is not ours.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => try_new(path, bytes),
        written => {
            let written = written.and_then(|()| claim(&temporary, path));
            if written.is_err() {
                let _ = fs::remove_file(&temporary);
            }
            written
        }
    }
}

/// Writes a file that is ours to write again and again: whoever reads it finds it whole.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let temporary = beside(path);
    // Left behind by a process of this number that was killed.
    let _ = fs::remove_file(&temporary);
    let written = write_all(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(|error| Failure::write(path, &error))
}

/// A new file that grows under another name beside it, and gets its own when it is whole.
pub(crate) struct Growing {
    path: PathBuf,
    temporary: PathBuf,
    file: BufWriter<fs::File>,
}

impl Growing {
    /// Begins a file. What is there already stays as it is.
    pub(crate) fn begin(path: &Path) -> Result<Growing, Failure> {
        let failed = |error| Failure::write(path, &error);
        if path.exists() {
            return Err(failed(ErrorKind::AlreadyExists.into()));
        }
        let temporary = beside(path);
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary);
        let file = BufWriter::new(file.map_err(failed)?);
        Ok(Growing { path: path.to_owned(), temporary, file })
    }

    /// Appends.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| Failure::write(&self.path, &error))
    }

    /// Gives it its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let whole = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        let written = whole.and_then(|()| claim(&self.temporary, &self.path));
        written.map_err(|error| Failure::write(&self.path, &error))
    }
}

impl Drop for Growing {
    /// Of a file that did not become whole, nothing is left.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

fn write_all(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A second name is given only if it is free; renaming would take it from another file.
fn claim(temporary: &Path, path: &Path) -> Result<(), Error> {
    match fs::hard_link(temporary, path) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
        // Some file systems know no second names.
        Err(_) if path.exists() => Err(ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(temporary, path),
    }
}

/// Writes a directory of new files whole: it appears under its name with all of them. Returns
/// false if one of that name is there already, which stays as it is.
pub(crate) fn write_directory(path: &Path, files: &[(String, String)]) -> Result<bool, Failure> {
    if path.exists() {
        return Ok(false);
    }
    let failed = |error: &Error| Failure::write(path, error);
    let temporary = beside(path);
    let write = |name: &str, text: &str| {
        let path = temporary.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        write_all(&path, text.as_bytes())
    };
    fs::create_dir_all(&temporary).map_err(|error| failed(&error))?;
    let written = files
        .iter()
        .try_for_each(|(name, text)| write(name, text))
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        let _ = fs::remove_dir_all(&temporary);
        // Somebody else was faster: a directory with files in it is not replaced.
        return if path.exists() { Ok(false) } else { Err(failed(&error)) };
    }
    Ok(true)
}

/// A name beside the path that nobody else uses. In a container every process has the same number:
/// one that was killed may have left its file, and one elsewhere may be writing.
fn beside(path: &Path) -> PathBuf {
    let names = (1u32..).map(|number| {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}-{number}.part", std::process::id()));
        path.with_file_name(name)
    });
    let mut free = names.filter(|path| !path.exists());
    free.next().expect("there are more numbers than files")
}

/// Writes under `stem.extension`, or `stem-2.extension` and so on if that is taken.
pub(crate) fn write_fresh(
    directory: &Path,
    stem: &str,
    extension: &str,
    bytes: &[u8],
) -> Result<PathBuf, Failure> {
    let names = (1u32..).map(|n| match n {
        1 => format!("{stem}.{extension}"),
        n => format!("{stem}-{n}.{extension}"),
    });
    for path in names.map(|name| directory.join(name)).filter(|path| !path.exists()) {
        match try_new(&path, bytes) {
            // Somebody else was faster: the next name, then.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            written => return written.map_err(|e| Failure::write(&path, &e)).map(|()| path),
        }
    }
    unreachable!("there are more numbers than files")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().expect("a directory for the test")
    }

    #[test]
    fn what_is_there_is_never_overwritten() {
        let directory = directory();
        let path = directory.path().join("a.toml");
        write_new(&path, b"first").expect("it is new");
        let failure = write_new(&path, b"second").expect_err("it is there");
        assert_eq!(failure.exit, Exit::WriteFailed);
        assert_eq!(read(&path), Ok(b"first".to_vec()));
        let fresh = write_fresh(directory.path(), "a", "toml", b"second").expect("a free name");
        assert_eq!(fresh, directory.path().join("a-2.toml"));
        assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 2);
    }

    #[test]
    fn a_directory_appears_with_all_its_files_or_not_at_all() {
        let directory = directory();
        let path = directory.path().join("cases/1234");
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let files = [file("a", "1"), file("b/c", "2")];
        assert_eq!(write_directory(&path, &files), Ok(true));
        assert_eq!(write_directory(&path, &[file("a", "3")]), Ok(false));
        assert_eq!(read(&path.join("b/c")), Ok(b"2".to_vec()));
        assert_eq!(read(&path.join("a")), Ok(b"1".to_vec()));
        let names = fs::read_dir(directory.path().join("cases")).expect("it is there").count();
        assert_eq!(names, 1, "nothing half-written is left");
    }

    #[test]
    fn what_a_killed_process_of_the_same_number_left_is_in_nobodys_way() {
        let directory = directory();
        let path = directory.path().join("a");
        fs::write(beside(&path), "half").expect("it can be written");
        assert_eq!(write_new(&path, b"whole"), Ok(()));
        assert_eq!(read(&path), Ok(b"whole".to_vec()));
        assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 2);
    }

    #[test]
    fn a_file_that_grows_is_there_when_it_is_whole_and_takes_nobodys_place() {
        let directory = directory();
        let path = directory.path().join("a.jsonl");
        let mut growing = Growing::begin(&path).expect("it is new");
        growing.push(b"half").expect("there is room");
        assert!(!path.exists());
        drop(growing);
        assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 0);
        let mut growing = Growing::begin(&path).expect("it is new");
        growing.push(b"whole").expect("there is room");
        assert_eq!(growing.finish(), Ok(()));
        assert_eq!(read(&path), Ok(b"whole".to_vec()));
        assert!(Growing::begin(&path).is_err());
        assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 1);
    }

    #[test]
    fn a_directory_without_scenarios_says_so() {
        let directory = directory();
        let failure = scenario_files(directory.path()).expect_err("it is empty");
        assert!(failure.sentence.contains("holds no scenario"), "{failure}");
    }
}

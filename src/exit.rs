//! Exit statuses, and what ends a command early. Prints nothing.

use reversim::file::FileError;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

/// How a command ends, as scripts see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Exit {
    /// What was claimed holds.
    Holds = 0,
    /// A claim is broken.
    Violated = 1,
    /// Nothing exercised the claims, or not all that was expected.
    Unknown = 2,
    /// Bad usage; missing or bad input.
    Usage = 64,
    /// A mistake in reversim itself.
    Internal = 70,
    /// A write failed.
    WriteFailed = 74,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command ended early: one sentence for a person, and the status.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{sentence}")]
pub(crate) struct Failure {
    /// The status.
    pub(crate) exit: Exit,
    /// What happened and what to do.
    pub(crate) sentence: String,
}

impl Failure {
    /// Bad usage or bad input.
    pub(crate) fn usage(sentence: impl Into<String>) -> Failure {
        Failure { exit: Exit::Usage, sentence: sentence.into() }
    }

    /// A mistake in reversim itself.
    pub(crate) fn internal(sentence: impl Into<String>) -> Failure {
        Failure { exit: Exit::Internal, sentence: sentence.into() }
    }

    /// Something could not be written there.
    pub(crate) fn write(path: &Path, error: &std::io::Error) -> Failure {
        let sentence = format!("cannot write {}: {}", path.display(), reason(error));
        let exit = match error.kind() {
            // No disk is to blame: a file stands where a directory is needed, or the reverse.
            ErrorKind::NotADirectory | ErrorKind::IsADirectory => Exit::Usage,
            _ => Exit::WriteFailed,
        };
        Failure { exit, sentence }
    }

    /// Something could not be read there.
    pub(crate) fn read(path: &Path, error: &std::io::Error) -> Failure {
        let what = format!("cannot read {}: {}", path.display(), reason(error));
        Failure::usage(match error.kind() {
            ErrorKind::NotFound => format!("{what}; check the name"),
            _ => what,
        })
    }
}

/// The system's words without its numbers: `No such file or directory`.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Failure {
        Failure::usage(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Error;

    #[test]
    fn a_failure_is_one_sentence_without_numbers_of_the_system() {
        let error = Error::from_raw_os_error(2);
        let failure = Failure::read(Path::new("a.toml"), &error);
        assert_eq!(
            failure.to_string(),
            "cannot read a.toml: no such file or directory; check the name"
        );
        let error = Error::new(ErrorKind::StorageFull, "no space left on device");
        let failure = Failure::write(Path::new("out"), &error);
        assert_eq!((failure.exit, failure.exit as u8), (Exit::WriteFailed, 74));
    }
}

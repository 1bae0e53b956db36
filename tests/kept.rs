//! Cases that searches once found, kept for ever: each holds, and every one of its faults happens.

use reversim::file::parse;
use reversim::run::Outcome;
use std::fs;
use std::path::Path;

#[test]
fn no_case_that_was_ever_found_breaks_anything_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder is part of the project") {
        let path = entry.expect("a listed file has a name").path();
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read(&path).expect("a listed file is readable");
        let scenario = parse(&name, &text).unwrap_or_else(|error| panic!("{error}"));
        let run = reversim::run(&scenario);
        assert_eq!(run.violation(), None, "{name}");
        assert_eq!(run.missing(), [""; 0], "{name}");
        assert_eq!(run.outcome(), Outcome::Holds, "{name}");
        assert_eq!(run.idle_faults, [0; 0], "{name}: a fault finds nothing to hit");
        count += 1;
    }
    assert!(count >= 3, "only {count} cases were found in the folder");
}

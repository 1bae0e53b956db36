//! Gives every build a name: the digest of the sources it was made from. Two programs of the same
//! name search alike, whoever built them, so what they found can be added up; others cannot.

use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for place in ["Cargo.toml", "Cargo.lock", "src", "models"] {
        println!("cargo:rerun-if-changed={place}");
        collect(Path::new(place), &mut files)?;
    }
    files.sort();
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        // FNV-1a: nobody forges a build, and a build script should need nothing built before it.
        let step = |digest: u64, byte: &u8| {
            (digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        };
        digest = bytes.iter().fold(digest, step);
    };
    for file in files {
        let bytes = fs::read(&file)?;
        add(file.to_string_lossy().replace('\\', "/").as_bytes());
        add(&(bytes.len() as u64).to_le_bytes());
        add(&bytes);
    }
    println!("cargo:rustc-env=REVERSIM_BUILD={digest:016x}");
    Ok(())
}

fn collect(place: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    // A published crate has no `models` folder: there the lock file says which version it is.
    if place.is_dir() {
        for entry in fs::read_dir(place)? {
            collect(&entry?.path(), files)?;
        }
    } else if place.extension().is_some_and(|e| e == "rs" || e == "toml" || e == "lock") {
        files.push(place.to_owned());
    }
    Ok(())
}

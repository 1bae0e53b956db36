//! A campaign on disk: `campaign.json` says which one it is, `blocks/` holds a file for each block
//! that is complete. Files are added, never changed; a block's name is the digest of its content.
//!
//! A block is written under another name and then renamed, so that a search may be killed at any
//! moment: what is there is whole, and what is not there is searched again.

use super::disk;
use super::output::to_json;
use crate::exit::{Exit, Failure};
use reversim::search::{Block, Campaign, Fingerprint};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Of this layout of files.
const FORMAT: u32 = 1;
/// What this program was built from.
const BUILD: &str = env!("REVERSIM_BUILD");

/// Which campaign it is. Whatever changes what a block comes to is in it; shards, threads and time
/// are not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    format: u32,
    version: String,
    build: String,
    profile: String,
    seeds: (u64, u64),
    defects: Vec<String>,
    keep_going: bool,
    known: Vec<Fingerprint>,
    /// Whom child processes play, and by which command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parties: Vec<String>,
}

impl Identity {
    pub(crate) fn of(campaign: &Campaign, parties: Vec<String>) -> Identity {
        Identity {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: BUILD.to_owned(),
            profile: campaign.profile.to_string(),
            seeds: (campaign.seeds.start, campaign.seeds.end),
            defects: campaign.defects.clone(),
            keep_going: campaign.keep_going,
            known: campaign.known.iter().copied().collect(),
            parties,
        }
    }

    /// The campaign, unsharded; a sentence if this build is not the one that searched it.
    pub(crate) fn campaign(&self) -> Result<Campaign, String> {
        if (self.format, &self.build[..]) != (FORMAT, BUILD) {
            return Err(format!(
                "it was searched by another build of reversim ({} {}; this is {} {BUILD})",
                self.version,
                self.build,
                env!("CARGO_PKG_VERSION")
            ));
        }
        Ok(Campaign {
            profile: self.profile.parse().map_err(|error| format!("{error}"))?,
            seeds: self.seeds.0..self.seeds.1,
            defects: self.defects.clone(),
            keep_going: self.keep_going,
            known: self.known.iter().copied().collect(),
            ..Campaign::default()
        })
    }

    /// The first thing in which two campaigns differ, in words.
    pub(crate) fn difference(&self, other: &Identity) -> Option<String> {
        let words = |identity: &Identity| {
            let Identity { format, version, build, profile, seeds, defects, .. } = identity;
            let Identity { keep_going, known, parties, .. } = identity;
            [
                format!("format {format}"),
                format!("version {version}"),
                format!("build {build}"),
                format!("profile {profile}"),
                format!("seeds {}..{}", seeds.0, seeds.1),
                match defects.is_empty() {
                    true => "no planted defect".to_owned(),
                    false => format!("planted {}", defects.join(", ")),
                },
                format!("{} --keep-going", if *keep_going { "with" } else { "without" }),
                format!("{} known kinds of failure ({known:?})", known.len()),
                match parties.is_empty() {
                    true => "no --party".to_owned(),
                    false => format!("--party {}", parties.join(", --party ")),
                },
            ]
        };
        let (ours, theirs) = (words(self), words(other));
        let mut pairs = ours.into_iter().zip(theirs);
        pairs
            .find(|(ours, theirs)| ours != theirs)
            .map(|(ours, theirs)| format!("{ours}, {theirs}"))
    }

    /// Whom child processes play, and by which command.
    pub(crate) fn parties(&self) -> &[String] {
        &self.parties
    }

    /// As a file.
    pub(crate) fn text(&self) -> Result<String, Failure> {
        to_json(self)
    }

    /// A short stand-in, which every block carries.
    pub(crate) fn digest(&self) -> Result<String, Failure> {
        self.text().map(|text| hash(&text))
    }
}

/// A block as a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockFile {
    campaign: String,
    block: Block,
}

/// A directory that holds a campaign, or a part of one.
pub(crate) struct Store {
    directory: PathBuf,
    pub(crate) identity: Identity,
    digest: String,
}

impl Store {
    /// For writing: a new directory, or one that holds a part of the same campaign.
    pub(crate) fn open(directory: &Path, identity: Identity) -> Result<Store, Failure> {
        let blocks = directory.join("blocks");
        if let Some(other) = [directory, &blocks].into_iter().find(|it| it.exists() && !it.is_dir())
        {
            let other = other.display();
            return Err(Failure::usage(format!("{other} is no directory; name another one")));
        }
        std::fs::create_dir_all(&blocks).map_err(|error| Failure::write(directory, &error))?;
        let path = directory.join("campaign.json");
        if !path.exists() {
            match disk::write_new(&path, identity.text()?.as_bytes()) {
                // Another shard may have been faster: then it must be the same campaign.
                Err(failure) if !path.exists() => return Err(failure),
                _ => {}
            }
        }
        let store = Store::read(directory)?;
        match store.identity.difference(&identity) {
            None => Ok(store),
            Some(difference) => Err(Failure::usage(format!(
                "{} holds another campaign ({difference}); name another directory",
                directory.display()
            ))),
        }
    }

    /// For reading.
    pub(crate) fn read(directory: &Path) -> Result<Store, Failure> {
        let path = directory.join("campaign.json");
        if directory.is_dir() && !path.exists() {
            return Err(Failure::usage(format!(
                "{} is not a campaign: it holds no campaign.json; `search --out DIR` makes one",
                directory.display()
            )));
        }
        let identity: Identity = serde_json::from_slice(&disk::read(&path)?).map_err(|error| {
            Failure::usage(format!("{} says no campaign: {error}", path.display()))
        })?;
        let digest = identity.digest()?;
        Ok(Store { directory: directory.to_owned(), identity, digest })
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Every block there is, by file name.
    pub(crate) fn blocks(&self) -> Result<BTreeMap<String, Block>, Failure> {
        let folder = self.directory.join("blocks");
        let failed = |error| Failure::read(&folder, &error);
        let mut blocks = BTreeMap::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // What begins with a dot was being written when somebody was killed.
            if !name.starts_with('.') && name.ends_with(".json") {
                blocks.insert(name, self.block(&path)?);
            }
        }
        Ok(blocks)
    }

    fn block(&self, path: &Path) -> Result<Block, Failure> {
        let wrong = |why: &str| {
            let path = path.display();
            Failure::usage(format!("{path} {why}; remove it and run its shard again"))
        };
        let bytes = disk::read(path)?;
        let text = str::from_utf8(&bytes).map_err(|_| wrong("is not text"))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if stem.split_once('-').is_none_or(|(_, name)| name != hash(text)) {
            return Err(wrong("was changed or cut off: its name is not the digest of its content"));
        }
        let file: BlockFile = serde_json::from_str(text)
            .map_err(|error| wrong(&format!("holds no block: {error}")))?;
        if file.campaign != self.digest {
            return Err(wrong("belongs to another campaign"));
        }
        let number = stem.split_once('-').and_then(|(number, _)| number.parse().ok());
        match number == Some(file.block.number) {
            true => Ok(file.block),
            false => Err(wrong("has the number of another block in its name")),
        }
    }

    /// Writes a block that is complete. The same block may be there already: then it is equal.
    pub(crate) fn keep(&self, block: &Block) -> Result<(), Failure> {
        let (name, text) = named(&self.digest, block)?;
        let path = self.directory.join("blocks").join(name);
        match disk::write_new(&path, text.as_bytes()) {
            Err(_) if path.exists() => Ok(()),
            other => other,
        }
    }
}

/// The name and the content of a block's file.
pub(crate) fn named(campaign: &str, block: &Block) -> Result<(String, String), Failure> {
    let file = BlockFile { campaign: campaign.to_owned(), block: block.clone() };
    let text =
        serde_json::to_string(&file).map_err(|error| Failure::internal(error.to_string()))?;
    let text = text + "\n";
    Ok((format!("{:010}-{}.json", block.number, hash(&text)), text))
}

/// Two different results for one block are a mistake of the harness, not of either.
pub(crate) fn one_each(blocks: BTreeMap<String, Block>) -> Result<Vec<Block>, Failure> {
    let mut each: BTreeMap<u64, Block> = BTreeMap::new();
    for (name, block) in blocks {
        let (number, seeds) = (block.number, block.seeds.clone());
        if each.insert(number, block).is_some() {
            let sentence = format!(
                "there are two different results for the seeds {}..{} ({name} is one): reversim \
                 is not deterministic there",
                seeds.start, seeds.end
            );
            return Err(Failure { exit: Exit::Internal, sentence });
        }
    }
    Ok(each.into_values().collect())
}

/// The first 128 bits of the SHA-256 of a text, in hexadecimal.
pub(crate) fn hash(text: &str) -> String {
    let mut out = String::new();
    for byte in &Sha256::digest(text.as_bytes())[..16] {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

//! `reversim proxy`: listens, passes on, plays a script, and writes what it saw when it ends.

use super::arguments::{Proxy as Arguments, Spoken};
use super::cases::quoted;
use super::decode;
use super::disk::{self, Growing};
use super::interrupt::asked_to_stop;
use super::output::{Output, hint};
use crate::exit::{Exit, Failure};
use reversim::closest::closest;
use reversim::drive::proxy::{Config, Keys, Place, Proxy, Script, Watcher};
use reversim::file::parse_script;
use reversim::file::recording::{Line, line_of};
use reversim::party::Party;
use reversim::report::words::counted_word;
use reversim_models::iso8583::{NETWORK, POS};
use reversim_models::security::{Key, MacAlgorithm};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::LocalSet;

pub(crate) fn proxy(arguments: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let config = config(arguments)?;
    let words = config.script.words();
    let page = Page::begin(arguments, &config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::internal(error.to_string()))?;
    let ends = config.between;
    let proxy = LocalSet::new().block_on(&runtime, serve(arguments, config, page.clone()))?;
    page.finish()?;
    let idle: Vec<String> =
        proxy.idle().iter().map(|n| format!("{} did not happen: {}", n + 1, words[*n])).collect();
    let exit = if idle.is_empty() { Exit::Holds } else { Exit::Unknown };
    let document = document(arguments, &proxy, ends, words.len() - idle.len(), idle);
    match output.is_json() {
        true => output.json(&document)?,
        false => output.text(&document.text())?,
    }
    Ok(exit)
}

fn config(arguments: &Arguments) -> Result<Config, Failure> {
    let (dialect, default, mac) = match arguments.dialect {
        Spoken::Pos => (&POS, (Party::terminal(1), Party::switch(1)), MacAlgorithm::PosEcb),
        Spoken::Network => (&NETWORK, (Party::switch(1), Party::issuer(1)), MacAlgorithm::X919),
    };
    let (left, right) = arguments.between.unwrap_or(default);
    let keys = keys(arguments, mac)?;
    let place = Place { left, right, dialect, has_key: keys.is_some() };
    let script = match &arguments.script {
        Some(path) => parse_script(&path.display().to_string(), &disk::read(path)?, &place)?,
        None => Script::default(),
    };
    Ok(Config { between: (left, right), dialect, script, keys, patience: arguments.patience })
}

fn keys(arguments: &Arguments, default: MacAlgorithm) -> Result<Option<Keys>, Failure> {
    let algorithm = match &arguments.mac {
        None => default,
        Some(name) => MacAlgorithm::by_name(name).ok_or_else(|| {
            let names = MacAlgorithm::ALL.map(MacAlgorithm::name);
            let known = match closest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", names.join(", ")),
            };
            Failure::usage(format!("--mac: `{name}` is not an algorithm; {known}"))
        })?,
    };
    let mac = key("--mac-key", arguments.mac_key.as_deref())?;
    let master = key("--master-key", arguments.master_key.as_deref())?;
    if master.is_some() && arguments.dialect == Spoken::Network {
        let sentence = "--master-key is for terminals' lines; give --mac-key on a network line";
        return Err(Failure::usage(sentence));
    }
    let is_any = mac.is_some() || master.is_some();
    Ok(is_any.then_some(Keys { algorithm, mac, master }))
}

/// A key from its digits, or from the file that holds them. It is never repeated in a sentence.
fn key(flag: &str, word: Option<&str>) -> Result<Option<Key>, Failure> {
    let Some(word) = word else { return Ok(None) };
    let digits = match word.strip_prefix('@') {
        Some(path) => String::from_utf8_lossy(&disk::read(Path::new(path))?).into_owned(),
        None => word.to_owned(),
    };
    let bytes = decode::bytes(&digits).ok().and_then(|bytes| Key::new(&bytes));
    let wrong = || {
        Failure::usage(format!(
            "{flag}: this is no key; write 16 or 32 hexadecimal digits, or @FILE with them"
        ))
    };
    bytes.map(Some).ok_or_else(wrong)
}

/// Listens until somebody says stop, time is up, or the history cannot be written.
async fn serve(arguments: &Arguments, config: Config, page: Page) -> Result<Proxy, Failure> {
    let listener = TcpListener::bind(&arguments.listen).await.map_err(|error| {
        let text = error.to_string().to_lowercase();
        let reason = text.split(" (os error").next().unwrap_or(&text);
        Failure::usage(format!("cannot listen on {}: {reason}", arguments.listen))
    })?;
    let address = listener.local_addr().map_or(arguments.listen.clone(), |a| a.to_string());
    let ((left, right), to) = (config.between, arguments.to.clone());
    let broken = Rc::clone(&page.broken);
    let proxy = Proxy::new(config, Box::new(page))
        .map_err(|objection| Failure::usage(objection.to_string()))?;
    hint(&format!("listening on {address} for {left}, passing on to {right} at {to}"));
    let time_is_up = async {
        match arguments.time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let stop = async {
        tokio::select! {
            () = asked_to_stop() => {}
            () = time_is_up => {}
            () = broken.notified() => {}
        }
    };
    proxy.serve(listener, to, stop).await;
    Ok(proxy)
}

/// Where the history goes, and the log. Clones are the same page.
#[derive(Clone)]
struct Page {
    file: Rc<RefCell<Result<Option<Growing>, Failure>>>,
    broken: Rc<Notify>,
    begun: Instant,
}

impl Page {
    fn begin(arguments: &Arguments, config: &Config) -> Result<Page, Failure> {
        let mut file = arguments.out.as_deref().map(Growing::begin).transpose()?;
        if let Some(file) = &mut file {
            let mut head = config.head();
            head.start = utc(SystemTime::now());
            file.push(line_of(&head).as_bytes())?;
        }
        let file = Rc::new(RefCell::new(Ok(file)));
        Ok(Page { file, broken: Rc::new(Notify::new()), begun: Instant::now() })
    }

    /// Writes what is still to be written; an error that came before is told now.
    fn finish(self) -> Result<(), Failure> {
        match std::mem::replace(&mut *self.file.borrow_mut(), Ok(None))? {
            Some(file) => file.finish(),
            None => Ok(()),
        }
    }
}

impl Watcher for Page {
    fn entry(&mut self, line: &Line) {
        let mut page = self.file.borrow_mut();
        let Ok(Some(file)) = page.as_mut() else { return };
        if let Err(failure) = file.push(line_of(line).as_bytes()) {
            // Without its history the rest of the session is worth nothing.
            *page = Err(failure);
            self.broken.notify_one();
        }
    }

    fn say(&mut self, sentence: &str) {
        let millis = self.begun.elapsed().as_millis();
        hint(&format!("{:>5}.{:03}  {sentence}", millis / 1_000, millis % 1_000));
    }
}

/// `2026-05-30 10:00:00`.
fn utc(time: SystemTime) -> String {
    use reversim_models::time::{Date, LocalTime};
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let epoch = Date::new(1970, 1, 1).map(|date| LocalTime::new(date, 0));
    let now = epoch.map(|epoch| epoch.plus(i64::try_from(seconds).unwrap_or(0)));
    now.map_or(String::new(), |now| now.to_string())
}

/// The end of a session in JSON.
#[derive(Serialize)]
struct Document {
    connections: u32,
    /// Messages by who sent them.
    messages: BTreeMap<String, u64>,
    lost: u64,
    /// Reads that are no frames.
    raw: u64,
    faults_fired: usize,
    faults_idle: Vec<String>,
    history: Option<String>,
    replay: Option<String>,
}

fn document(
    arguments: &Arguments,
    proxy: &Proxy,
    ends: (Party, Party),
    faults_fired: usize,
    faults_idle: Vec<String>,
) -> Document {
    let counts = proxy.counts();
    let messages = [ends.0, ends.1].map(|end| end.to_string()).into_iter().zip(counts.messages);
    let history = arguments.out.as_ref().map(|path| path.display().to_string());
    Document {
        connections: counts.connections,
        messages: messages.collect(),
        lost: counts.lost,
        raw: counts.raw,
        faults_fired,
        faults_idle,
        replay: history.as_ref().map(|path| format!("reversim replay {}", quoted(path))),
        history,
    }
}

impl Document {
    fn text(&self) -> String {
        let mut out = String::new();
        let from = self.messages.iter().map(|(end, count)| format!("{count} from {end}"));
        let from: Vec<String> = from.collect();
        let connections = counted_word(self.connections.into(), "connection");
        let _ = writeln!(out, "{connections}; messages: {}; {} lost", from.join(", "), self.lost);
        if self.raw > 0 {
            let _ = writeln!(out, "{} that were no frames", counted_word(self.raw, "read"));
        }
        let entries = self.faults_fired + self.faults_idle.len();
        if entries > 0 {
            let all = if entries == 1 { "entry" } else { "entries" };
            let _ = writeln!(out, "script: {} of {entries} {all} happened", self.faults_fired);
        }
        for idle in &self.faults_idle {
            let _ = writeln!(out, "  {idle}");
        }
        if let Some(replay) = &self.replay {
            let _ = writeln!(out, "see and judge it with: {replay}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_key_is_read_and_never_repeated() {
        assert!(key("--mac-key", Some("0123456789ABCDEF")).is_ok_and(|key| key.is_some()));
        let failure = key("--mac-key", Some("0123456789ABCDE")).expect_err("a digit is missing");
        assert!(!failure.sentence.contains("0123456789"), "{failure}");
    }

    #[test]
    fn a_moment_is_written_as_people_write_it() {
        let moment = UNIX_EPOCH + Duration::from_secs(1_780_000_000);
        assert_eq!(utc(moment), "2026-05-28 20:26:40");
    }
}

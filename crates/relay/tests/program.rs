//! The program itself: killed under load, told to stop, started without a key.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redwedding_replica::sync::{Answer, Pulled, Receipt};
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::version::{Cursor, Place};
use serde_bytes::ByteBuf;

use support::*;

const PAGES: u64 = 12;

struct Program {
    child: Child,
    base: String,
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redwedding-relay"));
    command.arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
    command.env("REDWEDDING_RELAY_KEY", std::str::from_utf8(KEY).expect("text"));
    command.env("RUST_LOG", "info").env("NO_COLOR", "1").stderr(Stdio::piped());
    command
}

impl Program {
    fn start(data: &Path, flags: &[&str]) -> Self {
        let mut child = command(data).args(flags).spawn().expect("start");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let mut said = Vec::new();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let plain = strip_colours(&line);
            let found = plain.split("address=").nth(1).and_then(|rest| rest.split(' ').next());
            let found = found.map(str::to_owned);
            said.push(line);
            found
        });
        let address = address.unwrap_or_else(|| panic!("it did not start: {said:#?}"));
        // What it says later is shown if the test fails.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
        Self { child, base: format!("http://{address}") }
    }

    fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    fn terminate(mut self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(told.success());
        let status = self.child.wait().expect("wait");
        assert!(status.success(), "it ended with {status}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already gone, unless the test failed.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn strip_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut parts = line.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or_default());
    parts.for_each(|part| plain.push_str(part.split_once('m').map_or("", |split| split.1)));
    plain
}

fn page(number: u64) -> redwedding_wire::identity::DocumentKey {
    key(&format!("Page {}", number % PAGES))
}

/// Pushes new saves until the relay is gone; notes what was acknowledged.
fn pusher(base: &str, number: &AtomicU64, stop: &AtomicBool, noted: &Mutex<Vec<(u64, Place)>>) {
    while !stop.load(Ordering::Relaxed) {
        let mut request = request();
        let numbers: Vec<u64> = (0..3).map(|_| number.fetch_add(1, Ordering::Relaxed)).collect();
        let entry = |number: &u64| create(&page(*number), *number, &format!("line {number}\n"));
        request.pushes =
            numbers.iter().map(|number| ByteBuf::from(entry(number).encode())).collect();
        let answered = try_post(base, Some(&token()), &request.encode());
        let Ok((200, body)) = answered else { continue };
        let answer = Answer::decode(&body).expect("an answer");
        for (number, receipt) in numbers.into_iter().zip(&answer.receipts) {
            if let Receipt::Logged(place) | Receipt::Known(place) = receipt {
                noted.lock().expect("lock").push((number, *place));
            }
        }
    }
}

/// All entries of a page, with the places the log gave them.
fn read_page(base: &str, number: u64) -> (Vec<(u64, Place)>, Cursor) {
    let document = page(number);
    let whole = snapshot(pull(base, &document, None));
    let mut cursor = Cursor::start(whole.cursor().epoch);
    let mut found = Vec::new();
    loop {
        match pull(base, &document, Some(cursor)) {
            Pulled::Entries { records, upto, more } => {
                for record in &records {
                    let entry =
                        redwedding_document::entry::Entry::decode(&record.entry).expect("entry");
                    let redwedding_document::entry::Body::Edit(edit) = entry.body else {
                        panic!("no edit")
                    };
                    let id = edit.delta.edit.0[..8].try_into().expect("8 bytes");
                    let place = Place::new(record.position, record.prefix);
                    found.push((u64::from_le_bytes(id), place));
                }
                cursor = upto;
                if !more {
                    return (found, cursor);
                }
            }
            // The whole page is less than its entries: its list of changes says the same.
            Pulled::Snapshot(_) => {
                let changes = whole.changes().kept().iter().map(|change| {
                    let id = change.edit.0[..8].try_into().expect("8 bytes");
                    (u64::from_le_bytes(id), change.place)
                });
                return (changes.collect(), whole.cursor());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn killed_under_load_it_keeps_what_it_acknowledged() {
    let folder = tempfile::tempdir().expect("folder");
    let (number, noted) = (AtomicU64::new(1), Mutex::new(Vec::new()));
    let mut cursors: Vec<(u64, Cursor)> = Vec::new();
    for round in 0..4 {
        let program = Program::start(folder.path(), &["--tick-ms", "0", "--snapshot-seconds", "1"]);
        for (number, cursor) in &cursors {
            let pulled = pull(&program.base, &page(*number), Some(*cursor));
            assert_ne!(pulled, Pulled::Reset, "round {round}: prefix hashes go on");
        }
        let base = program.base.clone();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| pusher(&base, &number, &stop, &noted));
            }
            // Long enough for a snapshot to be under way in some rounds.
            std::thread::sleep(Duration::from_millis(350 + 330 * round));
            cursors = (0..PAGES)
                .filter_map(|number| match pull(&base, &page(number), None) {
                    Pulled::Snapshot(bytes) => {
                        let document = redwedding_document::Document::decode(&bytes);
                        Some((number, document.expect("document").cursor()))
                    }
                    _ => None,
                })
                .collect();
            program.kill();
            stop.store(true, Ordering::Relaxed);
        });
    }
    let program = Program::start(folder.path(), &["--tick-ms", "0", "--snapshot-seconds", "1"]);
    let mut found = Vec::new();
    for number in 0..PAGES {
        found.extend(read_page(&program.base, number).0);
    }
    let noted = noted.into_inner().expect("lock");
    println!("{} acknowledged, {} in the log", noted.len(), found.len());
    assert!(noted.len() > 200, "too little load to say anything: {}", noted.len());
    let mut ids: Vec<u64> = found.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "an entry is in twice");
    for acknowledged in &noted {
        assert!(found.contains(acknowledged), "{acknowledged:?} was acknowledged and is not there");
    }
    program.terminate();
}

#[test]
fn told_to_stop_it_writes_snapshots_and_starts_without_a_replay() {
    let folder = tempfile::tempdir().expect("folder");
    let program = Program::start(folder.path(), &["--snapshot-seconds", "3600"]);
    let place = logged(&push(&program.base, &[create(&page(1), 1, "text\n")])[0]);
    let before = snapshot(pull(&program.base, &page(1), None));
    program.terminate();
    let program = Program::start(folder.path(), &[]);
    assert_eq!(push(&program.base, &[create(&page(1), 1, "text\n")]), [Receipt::Known(place)]);
    assert_eq!(snapshot(pull(&program.base, &page(1), None)), before);
    program.terminate();
}

#[test]
fn without_a_good_key_it_does_not_start() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("key");
    let run = |command: &mut Command| {
        let output = command.output().expect("run");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (good, said) = run(command(folder.path()).env_remove("REDWEDDING_RELAY_KEY"));
    assert!(!good && said.contains("REDWEDDING_RELAY_KEY"), "{said}");
    let (good, said) = run(command(folder.path()).env("REDWEDDING_RELAY_KEY", "short"));
    assert!(!good && said.contains("at least 16"), "{said}");
    let (good, said) = run(command(folder.path()).arg("--key-file").arg(&file));
    assert!(!good && said.contains("cannot be read"), "{said}");
    let (good, said) = run(command(folder.path()).args(["--pop", "nonsense"]));
    assert!(!good && said.contains("nonsense"), "{said}");
    let (good, said) = run(command(folder.path()).args(["--relay-log", "jetstream"]));
    assert!(!good && said.contains("embedded"), "{said}");
}

#[test]
fn points_of_presence_are_ticked_in_turn() {
    let folder = tempfile::tempdir().expect("folder");
    let listeners = [0, 1].map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    let pops = listeners
        .each_ref()
        .map(|listener| format!("http://{}/base", listener.local_addr().expect("address")));
    let flags = ["--tick-ms", "50", "--pop", &pops[0], "--pop", &pops[1]];
    let program = Program::start(folder.path(), &flags);
    let mut seen: Vec<String> = Vec::new();
    let started = Instant::now();
    while seen.len() < 6 && started.elapsed() < Duration::from_secs(10) {
        for listener in &listeners {
            let (mut stream, _) = listener.accept().expect("a tick");
            let mut request = [0; 2_048];
            let read = stream.read(&mut request).expect("read");
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            std::io::Write::write_all(
                &mut stream,
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            )
            .expect("answer");
            let token = request
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .starts_with("authorization: bearer ")
                        .then(|| line[22..].to_owned())
                })
                .expect("a token");
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let now_ms = now.expect("now").as_millis() as u64;
            let grant = redwedding_replica::auth::verify(&token, KEY, "tick", now_ms);
            assert_eq!(grant.map(|grant| grant.sub), Ok("relay".to_owned()));
            seen.push(request.lines().next().unwrap_or_default().to_owned());
        }
    }
    let expected: Vec<_> =
        (0..6).map(|n| format!("POST /base/-/tick?bucket={n}&count=1 HTTP/1.1")).collect();
    seen.sort();
    assert_eq!(seen, expected, "one bucket after another");
    program.kill();
}

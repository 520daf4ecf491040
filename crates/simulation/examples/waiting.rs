//! What a read and a save cost while the relay is away, as more and more saves of one page wait: in
//! a sandbox that goes on, and the first in one that has just started; and how long it takes until
//! the log has all of them, once the relay is back. In memory, without a platform; what follows an
//! answer is in the mean of all saves. `scripts/bench waiting` runs it.

use std::time::{Duration, Instant};

use redwedding_document::entry::Note;
use redwedding_fold::FloorPolicy;
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::save::{Save, Submitted};
use redwedding_replica::testing::{MemoryPorts, Network, bucket};
use redwedding_replica::{Config, Replica};
use redwedding_simulation::FoldRelay;
use redwedding_wire::identity::DocumentKey;

/// How often each is measured; the median is told.
const TIMES: usize = 9;
const ROWS: usize = 40;

/// What people know of each other.
#[derive(Clone, Copy)]
enum Knowledge {
    /// Nothing: all write on the text from before.
    None,
    /// Everything: each writes on the text just answered.
    All,
    /// Every other one nothing, and the others everything: who merges them goes from the one text
    /// to the other and back for each.
    Half,
}

const KNOWLEDGE: [(Knowledge, &str); 3] =
    [(Knowledge::None, "none"), (Knowledge::All, "all"), (Knowledge::Half, "half")];

struct Edge {
    network: Network,
    ports: MemoryPorts,
    replica: Replica,
    page: DocumentKey,
    /// The text from before, and its name;
    before: (u64, String),
    /// and the one just answered.
    last: (u64, String),
    writers: usize,
    /// A save was refused.
    full: bool,
}

impl Edge {
    /// A page, its relay away.
    fn new() -> Self {
        let relay = |epoch| Box::new(FoldRelay::new(epoch, 1, FloorPolicy::default())) as _;
        let network = Network::around(1, 1, relay);
        let mut ports = network.ports(0, None);
        let replica = Replica::start(Config::new("wiki", "pop", b"secret"), &mut ports);
        let page = DocumentKey::new("wiki", "page").expect("a key");
        let text: String = (0..ROWS).map(|row| format!("row {row}\n")).collect();
        let nothing = (0, String::new());
        let (before, last) = (nothing.clone(), nothing);
        let mut edge =
            Self { network, ports, replica, page, before, last, writers: 0, full: false };
        edge.before = edge.save(None, text);
        edge.last = edge.before.clone();
        edge.network.advance(600);
        edge.network.change_faults(|faults| faults.relay_down = true);
        edge
    }

    /// What is answered: the name of a text, and the text.
    fn save(&mut self, base: Option<u64>, text: String) -> (u64, String) {
        if self.replica.is_spent() {
            self.restart();
        }
        let save = Save {
            base,
            idempotency_inputs: vec![text.as_bytes().to_vec()],
            submitted: Submitted::Whole(text),
            note: Note::default(),
            base_check: None,
            trace: 0,
            only_if: None,
            closes: Vec::new(),
        };
        let session = &mut ClientSession::new();
        let saved = self.replica.request(&mut self.ports, session).save(&self.page, &save);
        let saved = match saved {
            Ok(saved) => saved,
            Err(error) => {
                if !std::mem::replace(&mut self.full, true) {
                    println!("{:>12} saves are taken: {error}", self.writers - 1);
                }
                return self.last.clone();
            }
        };
        let answered = (saved.snapshot.id, saved.snapshot.text.clone());
        if let Some(after) = saved.after {
            self.replica.context(&mut self.ports).finish_save(after);
        }
        answered
    }

    /// The next writer's.
    fn next(&mut self, knowledge: Knowledge) {
        self.network.advance(10);
        let row = format!("row {}\n", self.writers % ROWS);
        let with = format!("{row}writer {}\n", self.writers);
        let knows = match knowledge {
            Knowledge::None => false,
            Knowledge::All => true,
            Knowledge::Half => self.writers % 2 == 1,
        };
        let (base, text) = if knows { &self.last } else { &self.before };
        let (base, text) = (*base, text.replacen(&row, &with, 1));
        self.writers += 1;
        let answered = self.save(Some(base), text);
        if knows {
            self.last = answered;
        }
    }

    fn restart(&mut self) {
        self.replica = Replica::start(self.replica.config().clone(), &mut self.ports);
    }

    /// The relay is back: sweeps until nothing waits. Sandboxes start for it.
    fn come_back(&mut self) {
        self.network.change_faults(|faults| faults.relay_down = false);
        while !self.network.stored_keys("outbox/").is_empty() {
            self.network.advance(10_000);
            self.restart();
            self.replica.context(&mut self.ports).tick([bucket(&self.page)]);
        }
    }

    fn read(&mut self) {
        let session = &mut ClientSession::new();
        let read = self.replica.request(&mut self.ports, session).read(&self.page);
        read.expect("a page");
    }
}

fn median(mut measure: impl FnMut() -> Duration) -> f64 {
    let mut all: Vec<Duration> = (0..TIMES).map(|_| measure()).collect();
    all.sort_unstable();
    all[TIMES / 2].as_secs_f64() * 1e3
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// How long it takes until the log has all, by how many wait.
fn coming_back(most: usize) {
    println!("\nonce the relay is back: until the log has all, and then the first read");
    let heads = ["waiting", "know", "until", "for each", "first read"];
    println!("{}", heads.map(|head| format!("{head:>12}")).concat());
    for (knowledge, of) in KNOWLEDGE {
        let sizes = std::iter::successors(Some(1_000), |size| Some(size * 2));
        for size in sizes.take_while(|size| *size <= most) {
            let mut edge = Edge::new();
            (0..size).for_each(|_| edge.next(knowledge));
            if edge.full {
                break;
            }
            let until = timed(|| edge.come_back()).as_secs_f64() * 1e3;
            edge.restart();
            let read = timed(|| edge.read()).as_secs_f64() * 1e3;
            let figures = [until, until / size as f64, read].map(|it| format!("{it:>12.2}"));
            println!("{size:>12}{of:>12}{}", figures.concat());
        }
    }
}

fn main() {
    let most: usize = std::env::args().nth(1).map_or(4_000, |most| most.parse().expect("a number"));
    println!("milliseconds; a page of {ROWS} rows, saves of one row each");
    println!("memory: MiB at once, at most, of a first save and what follows its answer");
    println!(
        "save, first read, first save: median of {TIMES}; all saves: mean since the row before"
    );
    for (knowledge, of) in KNOWLEDGE {
        println!("\nsaves that know {of} of each other");
        let heads = ["waiting", "save", "all saves", "first read", "first save", "memory"];
        println!("{}", heads.map(|head| format!("{head:>12}")).concat());
        let mut edge = Edge::new();
        let sizes = std::iter::successors(Some(250), |size| Some(size * 2));
        for size in sizes.take_while(|size| *size <= most) {
            let missing = size - edge.writers;
            let all = timed(|| {
                (0..missing).for_each(|_| {
                    if !edge.full {
                        edge.next(knowledge)
                    }
                });
            });
            if edge.full {
                break;
            }
            let mean = all.as_secs_f64() * 1e3 / missing as f64;
            let save = median(|| timed(|| edge.next(knowledge)));
            let first_read = median(|| {
                edge.network.advance(600);
                edge.restart();
                timed(|| edge.read())
            });
            let first_save = median(|| {
                edge.network.advance(600);
                edge.restart();
                timed(|| edge.next(knowledge))
            });
            edge.network.advance(600);
            edge.restart();
            let memory = allocation_counter::measure(|| edge.next(knowledge)).bytes_max;
            let memory = memory as f64 / f64::from(1 << 20);
            let figures = [save, mean, first_read, first_save, memory];
            let figures = figures.map(|it| format!("{it:>12.2}"));
            println!("{size:>12}{}", figures.concat());
        }
    }
    coming_back(most);
}

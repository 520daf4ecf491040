//! The relay is away for long, and people go on saving: it is killed, or hangs,
//! or answers nonsense. What is taken meanwhile arrives when it is back, once.
//!
//! Saves are of two kinds. *Chained* ones stand on the text just read; there is
//! one chain for each page at each point of presence. *Independent* ones stand
//! on the text from before the outage. Latencies count from sending: who is
//! behind the rate that was asked for sends later, and the rate reached is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redwedding_devnet::Network;
use redwedding_devnet::network::{LinkFault, To};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::client::{Answer, Client, NoAnswer, Page, Save};
use crate::crowd::{
    Counts, Original, PROGRESS, Waited, all_pages, at_rest_at_last, served_alike, shown, status,
    tell_parts,
};
use crate::figures::{Figures, cpu_time, size, word};
use crate::ground::{on_an_own_network, pop_urls};

/// Points of presence that people save at.
const POPS: usize = 2;

/// Saves of one kind that are under way at a time.
const AT_A_TIME: usize = 16;

/// Between two reads of a reader; there are two readers for each point of presence.
const READ_PAUSE: Duration = Duration::from_millis(100);

/// In what way the relay is away.
#[derive(Clone, Copy, Debug)]
enum Away {
    Kill,
    Stop,
    Garbage,
}

impl Away {
    /// Those that `AWAY` names, else all.
    fn chosen() -> Vec<Self> {
        match word("AWAY", "all").as_str() {
            "kill" => vec![Self::Kill],
            "stop" => vec![Self::Stop],
            "garbage" => vec![Self::Garbage],
            "all" => vec![Self::Kill, Self::Stop, Self::Garbage],
            other => panic!("AWAY={other} is not kill, stop, garbage or all"),
        }
    }

    async fn begin(self, network: &mut Network) {
        match self {
            Self::Kill => network.relay_kill().await.unwrap(),
            Self::Stop => network.relay_stop(true).await.unwrap(),
            Self::Garbage => network.set_links(To::Relay, LinkFault::Garbage),
        }
    }

    async fn end(self, network: &mut Network) {
        match self {
            Self::Kill => network.relay_start().await.unwrap(),
            Self::Stop => network.relay_stop(false).await.unwrap(),
            Self::Garbage => network.set_links(To::Relay, LinkFault::None),
        }
    }
}

/// What a save stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    Chained,
    Independent,
}

impl Basis {
    /// Those that `BASES` names, else both.
    fn chosen() -> Vec<Self> {
        match word("BASES", "both").as_str() {
            "chained" => vec![Self::Chained],
            "independent" => vec![Self::Independent],
            "both" => vec![Self::Chained, Self::Independent],
            other => panic!("BASES={other} is not chained, independent or both"),
        }
    }
}

#[test]
fn what_is_saved_while_the_relay_is_away_arrives() {
    on_an_own_network(
        |builder| builder.pops(POPS),
        async |network| {
            for away in Away::chosen() {
                one_outage(network, away).await;
            }
        },
    );
}

async fn one_outage(network: &mut Network, away: Away) {
    let lasting = Duration::from_secs(size("OUTAGE", 5) as u64);
    let (pages, rate, bases) = (size("PAGES", 3), size("RATE", 20), Basis::chosen());
    println!("relay away ({away:?}) for {lasting:?}: {pages} pages, {bases:?}, {rate} a second");
    let work = Arc::new(Work::prepare(network, &format!("{away:?}"), pages).await);
    away.begin(network).await;
    let (begun, cpu_before) = (Instant::now(), cpu_time());
    let tasks = work.clone().start(&bases, rate as f64 / bases.len() as f64, begun + lasting);
    for task in tasks {
        task.await.unwrap();
    }
    let (worked, done) = (begun.elapsed(), work.done.lock().await.clone());
    let requests = done.saves.count() + done.reads.count() + done.refused;
    let cpu = cpu_time().saturating_sub(cpu_before).as_secs_f64() / requests.max(1) as f64;
    let took = done.words.len() as f64 / worked.as_secs_f64();
    println!("  taken {}, {took:.1} a second; refused {}", done.words.len(), done.refused);
    println!("  saves during the outage: {}", done.saves);
    println!("  reads during the outage: {}", done.reads);
    println!("  CPU of points of presence, clients and origin: {:.1} ms a request", cpu * 1_000.0);
    if done.refused > 0 {
        println!("  refusals: {}", done.refusals);
    }
    for (why, count) in &done.failures {
        println!("  {count} times: {why}");
    }
    away.end(network).await;
    work.arrive(network, done).await;
}

/// Somebody who saves again and again on what was just read.
struct Chain {
    page: usize,
    pop: usize,
    client: Client,
}

/// What was done so far.
#[derive(Clone, Default)]
struct Done {
    /// Page and word of each save that was taken.
    words: Vec<(usize, String)>,
    saves: Figures,
    reads: Figures,
    refused: usize,
    refusals: Figures,
    /// What else was answered, and how often.
    failures: HashMap<String, usize>,
}

struct Work {
    pops: Vec<String>,
    titles: Vec<String>,
    /// As the pages were before.
    pages: Vec<Page>,
    chains: Vec<Mutex<Chain>>,
    done: Mutex<Done>,
}

impl Work {
    /// Makes the pages, and waits until they are everywhere.
    async fn prepare(network: &Network, name: &str, pages: usize) -> Self {
        let pops = pop_urls(network);
        let titles: Vec<_> = (0..pages).map(|page| format!("{name}_{page}")).collect();
        let (mut begun, mut chains) = (Vec::new(), Vec::new());
        for title in &titles {
            let text = "It begins.\n".to_owned();
            let save = Save { title: title.clone(), base: 0, text, comment: "new".into() };
            Client::new().saved(&pops[0], &save).await;
        }
        for (page, title) in titles.iter().enumerate() {
            let good = |text: &str| match text.is_empty() {
                true => Err("nothing there".to_owned()),
                false => Ok(()),
            };
            let (served, _) = served_alike(network, title, good).await;
            at_rest_at_last(network, title, &served.text).await;
            begun.push(served);
            for pop in 0..pops.len() {
                chains.push(Mutex::new(Chain { page, pop, client: Client::new() }));
            }
        }
        Self { pops, titles, pages: begun, chains, done: Mutex::default() }
    }

    /// Lets everybody work until then. Each kind of save has this rate, in a second.
    fn start(self: Arc<Self>, bases: &[Basis], rate: f64, until: Instant) -> Vec<JoinHandle<()>> {
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for basis in bases {
            let next = Arc::new(AtomicUsize::new(0));
            for _ in 0..AT_A_TIME {
                let (work, basis, next) = (self.clone(), *basis, next.clone());
                tasks.push(tokio::spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let due = begun + Duration::from_secs_f64(number as f64 / rate);
                        tokio::time::sleep_until(due.into()).await;
                        if Instant::now() >= until {
                            return;
                        }
                        match basis {
                            Basis::Chained => work.chained(number).await,
                            Basis::Independent => work.independent(number).await,
                        }
                    }
                }));
            }
        }
        for pop in 0..self.pops.len() {
            for keeps_session in [true, false] {
                tasks.push(tokio::spawn(self.clone().read(pop, keeps_session, until)));
            }
        }
        tasks.push(tokio::spawn(self.clone().tell(until)));
        tasks
    }

    async fn chained(&self, number: usize) {
        let mut chain = self.chains[number % self.chains.len()].lock().await;
        let Chain { page, pop, client } = &mut *chain;
        let (page, title, pop) = (*page, &self.titles[*page], &self.pops[*pop]);
        let begun = Instant::now();
        let answer = client.read(pop, title).await;
        let read = begun.elapsed();
        let base = self.done.lock().await.reading(answer, read);
        if let Some(base) = base {
            self.save(client, pop, page, &base, format!("c{number:x}")).await;
        }
    }

    async fn independent(&self, number: usize) {
        let page = number % self.pages.len();
        let pop = &self.pops[number / self.pages.len() % self.pops.len()];
        let word = format!("i{number:x}");
        self.save(&mut Client::new(), pop, page, &self.pages[page], word).await;
    }

    async fn save(&self, client: &mut Client, pop: &str, page: usize, base: &Page, word: String) {
        let (title, text) = (self.titles[page].clone(), format!("{}{word}\n", base.text));
        let save = Save { title, base: base.id, text, comment: word.clone() };
        let begun = Instant::now();
        let answer = client.save(pop, &save).await;
        let took = begun.elapsed();
        self.done.lock().await.saving(answer, took, page, word);
    }

    async fn read(self: Arc<Self>, pop: usize, keeps_session: bool, until: Instant) {
        let mut client = if keeps_session { Client::new() } else { Client::stranger() };
        for number in pop * 7.. {
            if Instant::now() >= until {
                return;
            }
            let title = &self.titles[number * 13 % self.titles.len()];
            let begun = Instant::now();
            let answer = client.read(&self.pops[pop], title).await;
            self.done.lock().await.reading(answer, begun.elapsed());
            tokio::time::sleep(READ_PAUSE).await;
        }
    }

    /// Says how it goes, for whoever waits.
    async fn tell(self: Arc<Self>, until: Instant) {
        let begun = Instant::now();
        while Instant::now() + PROGRESS < until {
            tokio::time::sleep(PROGRESS).await;
            let done = self.done.lock().await;
            let (taken, refused) = (done.words.len(), done.refused);
            eprintln!("{:4.0} s: taken {taken}, refused {refused}", begun.elapsed().as_secs_f64());
            eprintln!("        saves {}; reads {}", done.saves, done.reads);
        }
    }

    /// Waits until all is at the origin; each word must be there once.
    async fn arrive(&self, network: &Network, done: Done) {
        let mut words = vec![Vec::new(); self.titles.len()];
        done.words.into_iter().for_each(|(page, word)| words[page].push(word));
        let (log, origin) = tokio::join!(self.logged(), self.stored(network, &words));
        println!("  since the relay is back: in the log {log}, at the origin {origin}");
        let counts = Counts::at_origin(network, &self.titles, &words).await;
        println!("  {counts}");
        if !counts.is_good() {
            tell_parts(network, &self.titles[..self.titles.len().min(8)]).await;
        }
        assert!(counts.is_good(), "{counts}");
        for title in &self.titles {
            let text = Original::read(network, title).await.unwrap().unwrap().text;
            at_rest_at_last(network, title, &text).await;
        }
    }

    /// How long until no page has saves that wait for the log.
    async fn logged(&self) -> Waited {
        all_pages("in the log", self.titles.len(), async |page| {
            match status(&self.pops[0], &self.titles[page]).await {
                Ok(status) if status["overlay"] == 0 => Ok(()),
                Ok(status) => Err(format!("{} wait", status["overlay"])),
                Err(why) => Err(why),
            }
        })
        .await
    }

    /// How long until the origin has all words of all pages.
    async fn stored(&self, network: &Network, words: &[Vec<String>]) -> Waited {
        all_pages("at the origin", self.titles.len(), async |page| {
            let text = Original::read(network, &self.titles[page]).await?.map(|page| page.text);
            match Counts::of(&text.unwrap_or_default(), &words[page]).lost {
                0 => Ok(()),
                lost => Err(format!("{lost} of {} missing", words[page].len())),
            }
        })
        .await
    }
}

impl Done {
    fn reading(&mut self, answer: Result<Answer, NoAnswer>, took: Duration) -> Option<Page> {
        self.reads.add(took);
        match shown(answer) {
            Ok(page) => Some(page),
            Err(why) => {
                self.failed("read", why);
                None
            }
        }
    }

    fn saving(
        &mut self,
        answer: Result<Answer, NoAnswer>,
        took: Duration,
        page: usize,
        word: String,
    ) {
        match answer {
            Ok(answer) if answer.status.is_success() => {
                self.words.push((page, word));
                self.saves.add(took);
            }
            Ok(answer) if answer.is_later() => {
                self.refused += 1;
                self.refusals.add(took);
                if answer.header("retry-after").is_none() {
                    self.failed("save", format!("refused without Retry-After: {}", answer.text()));
                }
            }
            Ok(answer) => self.failed("save", format!("{} {}", answer.status, answer.text())),
            Err(why) => self.failed("save", why),
        }
    }

    fn failed(&mut self, what: &str, why: String) {
        *self.failures.entry(format!("{what}: {why}")).or_default() += 1;
    }
}

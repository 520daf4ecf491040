//! Measures the edge function beside a service that does nothing, in one run:
//! requests per second of one point of presence, and mean CPU inside the sandbox.
//!
//! usage: edge EDGE.wasm HELLO.wasm [REQUESTS]
//!
//! Rates are taken in rounds, one of the hello world before each of the page's;
//! what is told is the round with the middle ratio.
//!
//! CPU is what the platform says a sandbox used, in whole milliseconds, so it
//! is taken per sandbox, over all its requests and the work after them, with
//! half a millisecond added for what was cut off. Viceroy counts by the clock
//! while the sandbox runs, so that what else the machine does is in it: it is
//! taken in rounds, too, the saves of each on a page of its own, and the least
//! is told beside the middle one.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::client::HttpConnector;
use hyper::{Body, Client, Request, Response};
use redwedding_devnet::network::Network;

type Failure = Box<dyn Error + Send + Sync>;
type Http = Client<HttpConnector>;

const CONNECTIONS: usize = 4;
const ROUNDS: usize = 7;
const CPU_ROUNDS: usize = 3;
const SAVES: &str = "save of one word, whole page";

/// People who replace one word of one text, each by another one,
const REPLACING: usize = 50;
/// and how often they do, for the mean of the last one's save.
const CROWDS: usize = 20;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(edge), Some(hello)) = (arguments.next(), arguments.next()) else {
        return Err("usage: edge EDGE.wasm HELLO.wasm [REQUESTS]".into());
    };
    let requests = arguments.next().map_or(Ok(1_000), |n| n.parse())?;
    println!("machine: {}", machine());
    for (name, file) in [("edge function", &edge), ("hello world", &hello)] {
        println!("{name}: {} KiB", std::fs::metadata(file)?.len() / 1024);
    }
    println!("requests each: {requests}, on {CONNECTIONS} connections for reads, one for saves");
    println!("rates of reads: the middle of {ROUNDS} rounds, each after one of the hello world");
    println!("CPU: the middle of {CPU_ROUNDS} rounds");
    let beside = folder("hello")?;
    let idle = Network::builder().pops(1).wasm(&hello).data(&beside).without_relay();
    let idle = idle.start().await?;
    let hello = format!("{}/", idle.pop_url(0));
    // Rates as it is deployed; then what a sandbox says of its CPU time, which
    // costs time itself.
    for timed in [false, true] {
        let folder = folder("edge")?;
        let timing = if timed { "true" } else { "false" };
        let network = Network::builder().pops(1).wasm(&edge).data(&folder).config("timing", timing);
        let network = network.start().await?;
        for (name, bytes) in [("20 KB", 20 << 10), ("1 MB", 1 << 20)] {
            let page = Page::new(network.pop_url(0), name, bytes, requests);
            match timed {
                true => {
                    page.cpu_times().await?;
                    page.last_of_many().await?;
                }
                false => page.rates(&hello, requests).await?,
            }
        }
        network.stop().await?;
        std::fs::remove_dir_all(folder)?;
    }
    idle.stop().await?;
    std::fs::remove_dir_all(beside)?;
    Ok(())
}

fn folder(name: &str) -> std::io::Result<std::path::PathBuf> {
    let folder =
        std::env::temp_dir().join(format!("redwedding-bench-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(0, |cores| cores.get());
    format!("{cores} cores, {}", model.trim_start_matches([' ', '\t', ':']))
}

/// A page of one size and what is asked of it.
#[derive(Clone)]
struct Page {
    name: &'static str,
    bytes: usize,
    /// Its address for programs.
    rest: String,
    reads: [(&'static str, String); 3],
    count: usize,
}

impl Page {
    fn new(pop: &str, name: &'static str, bytes: usize, requests: usize) -> Self {
        let title = format!("Page_of_{}", name.replace(' ', "_"));
        let rest = format!("{pop}/rest.php/v1/page/{title}");
        let reads = [
            ("read, JSON with source", rest.clone()),
            ("read, raw", format!("{pop}/wiki/{title}?action=raw")),
            ("read, page for people", format!("{pop}/wiki/{title}")),
        ];
        let count = if bytes > 100_000 { requests / 10 + 1 } else { requests };
        Self { name, bytes, rest, reads, count }
    }

    /// Requests per second, beside the hello world's.
    async fn rates(&self, hello: &str, requests: usize) -> Result<(), Failure> {
        let (text, id) = self.create().await?;
        let http: Http = Client::new();
        for (what, url) in &self.reads {
            read_all(&http, hello, requests / 10 + 1).await?;
            read_all(&http, url, self.count / 10 + 1).await?;
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                let idle =
                    requests as f64 / read_all(&http, hello, requests).await?.0.as_secs_f64();
                let (elapsed, _) = read_all(&http, url, self.count).await?;
                rounds.push((self.count as f64 / elapsed.as_secs_f64(), idle));
            }
            rounds.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
            let (rate, idle) = rounds[ROUNDS / 2];
            let ratio = rate / idle;
            println!(
                "{}: {what:31} {rate:6.0}/s, hello world {idle:6.0}/s: {ratio:5.2}",
                self.name
            );
        }
        let begun = Instant::now();
        self.save_all(text, id).await?;
        let rate = self.count as f64 / begun.elapsed().as_secs_f64();
        println!("{}: {:31} {rate:6.0}/s", self.name, SAVES);
        Ok(())
    }

    /// Mean CPU inside the sandbox.
    async fn cpu_times(&self) -> Result<(), Failure> {
        self.create().await?;
        let http: Http = Client::new();
        for (what, url) in &self.reads {
            read_all(&http, url, self.count / 10 + 1).await?;
            let mut means = Vec::new();
            for _ in 0..CPU_ROUNDS {
                means.push(read_all(&http, url, self.count).await?.1.mean());
            }
            self.tell_cpu(what, means);
        }
        let mut means = Vec::new();
        for round in 0..CPU_ROUNDS {
            let page = Self { rest: format!("{}_saved_{round}", self.rest), ..self.clone() };
            let (text, id) = page.create().await?;
            means.push(page.save_all(text, id).await?.mean());
        }
        self.tell_cpu(SAVES, means);
        Ok(())
    }

    fn tell_cpu(&self, what: &str, mut means: Vec<f64>) {
        means.sort_by(f64::total_cmp);
        let (least, middle) = (means[0], means[means.len() / 2]);
        println!("{}: {what:31} {middle:6.3} ms CPU (least {least:.3})", self.name);
    }

    /// CPU inside the sandbox of the last of many who replace one word of the same text, with what
    /// was left to do after the save before.
    async fn last_of_many(&self) -> Result<(), Failure> {
        let (http, mut used, mut counted): (Http, _, _) = (Client::new(), 0, 0);
        for crowd in 0..CROWDS {
            let page = format!("{}_{crowd}", self.rest);
            let text = words(self.bytes);
            let (id, _) = save(&http, &page, &text, None).await?;
            let at = text.len() / 2 + text[text.len() / 2..].find("river").unwrap_or_default();
            let mut before: Option<Timing> = None;
            for number in 0..REPLACING {
                let [start, end] = [&text[..at], &text[at + "river".len()..]];
                let text = format!("{start}brook{number}{end}");
                let (_, timing) = save(&http, &page, &text, Some(id)).await?;
                if let (true, Some(before), Some(last)) =
                    (number + 1 == REPLACING, &before, &timing)
                    && before.sandbox == last.sandbox
                {
                    used += last.used_ms.saturating_sub(before.used_ms);
                    counted += 1;
                }
                before = timing;
            }
        }
        let (what, mean) =
            ("the last of 50 who replace one word", used as f64 / f64::from(counted));
        println!("{}: {what:31} {mean:6.3} ms CPU (of {counted})", self.name);
        Ok(())
    }

    async fn create(&self) -> Result<(String, u64), Failure> {
        let text = words(self.bytes);
        let (id, _) = save(&Client::new(), &self.rest, &text, None).await?;
        // A reader without a session may see what was there until the next exchange.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok((text, id))
    }

    /// Saves the whole page again and again, each time with one more word.
    async fn save_all(&self, text: String, id: u64) -> Result<Cpu, Failure> {
        let http: Http = Client::new();
        let (mut text, mut id, mut cpu) = (text, id, Cpu::default());
        for index in 0..self.count {
            let at = text.floor_char_boundary((index * 7_919) % text.len());
            let at = text[at..].find(' ').map_or(at, |space| at + space);
            text.insert_str(at, &format!(" w{index}"));
            let (next, timing) = save(&http, &self.rest, &text, Some(id)).await?;
            cpu.add(timing);
            id = next;
        }
        Ok(cpu)
    }
}

/// Some text of words in lines and sections.
fn words(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 100);
    let mut number = 0u64;
    while text.len() < bytes {
        number =
            number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = ["river", "stone", "a", "kingdom", "of", "winter", "the", "feast"];
        text.push_str(word[(number >> 40) as usize % word.len()]);
        text.push(match (number >> 50) % 97 {
            0 => '\n',
            1..=12 => ',',
            _ => ' ',
        });
        if (number >> 33).is_multiple_of(400) {
            text.push_str("\n\n## Section\n\n");
        }
    }
    text
}

async fn save(
    http: &Http,
    url: &str,
    text: &str,
    base: Option<u64>,
) -> Result<(u64, Option<Timing>), Failure> {
    let latest = base.map(|id| serde_json::json!({ "id": id }));
    let body = serde_json::json!({ "source": text, "comment": "bench", "latest": latest });
    for _ in 0..20 {
        let request = Request::put(url)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))?;
        let answer = http.request(request).await?;
        let timing = Timing::of(&answer);
        let status = answer.status();
        let body = hyper::body::to_bytes(answer.into_body()).await?;
        if status.is_success() {
            let page: serde_json::Value = serde_json::from_slice(&body)?;
            let id = page["latest"]["id"].as_u64().ok_or("no id")?;
            return Ok((id, timing));
        }
        if status != 503 {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("the save was never acknowledged".into())
}

async fn read_all(http: &Http, url: &str, requests: usize) -> Result<(Duration, Cpu), Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (http, url, next) = (http.clone(), url.to_owned(), next.clone());
            tokio::spawn(async move {
                let mut timings = Vec::new();
                while next.fetch_add(1, Ordering::Relaxed) < requests {
                    let answer = http.get(url.parse()?).await?;
                    if !answer.status().is_success() {
                        return Err(format!("{url}: {}", answer.status()).into());
                    }
                    timings.push(Timing::of(&answer));
                    hyper::body::to_bytes(answer.into_body()).await?;
                }
                Ok::<_, Failure>(timings)
            })
        })
        .collect();
    let mut cpu = Cpu::default();
    for worker in workers {
        worker.await??.into_iter().for_each(|timing| cpu.add(timing));
    }
    Ok((begun.elapsed(), cpu))
}

/// What an answer says of its sandbox.
struct Timing {
    sandbox: String,
    used_ms: u64,
}

impl Timing {
    fn of(answer: &Response<Body>) -> Option<Self> {
        let header = answer.headers().get("server-timing")?.to_str().ok()?;
        let rest = header.strip_prefix("sandbox;dur=")?;
        let (used, rest) = rest.split_once(";desc=\"")?;
        Some(Self { sandbox: rest.trim_end_matches('"').to_owned(), used_ms: used.parse().ok()? })
    }
}

/// CPU time by sandbox: (requests, greatest time said).
#[derive(Default)]
struct Cpu(HashMap<String, (u64, u64)>);

impl Cpu {
    fn add(&mut self, timing: Option<Timing>) {
        if let Some(timing) = timing {
            let seen = self.0.entry(timing.sandbox).or_default();
            seen.0 += 1;
            seen.1 = seen.1.max(timing.used_ms);
        }
    }

    /// Milliseconds per request.
    fn mean(&self) -> f64 {
        let (requests, used) = self
            .0
            .values()
            .fold((0.0, 0.0), |sum, one| (sum.0 + one.0 as f64, sum.1 + one.1 as f64 + 0.5));
        used / requests
    }
}

//! What must hold of a page after a crowd has edited it: every word once, the
//! same at every point of presence and at the origin.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use hyper::{Body, Method, Request, StatusCode};
use redwedding_devnet::Network;
use serde_json::Value;

use crate::client::{Answer, Client, NoAnswer, Page};
use crate::ground::{pop_urls, until};

/// The longest that a page may take to be the same everywhere.
pub(crate) const SETTLING: Duration = Duration::from_secs(60);

/// The longest that many pages may take to converge before what they lack is counted.
const CONVERGING: Duration = Duration::from_secs(300);

/// Between two lines about the progress of what takes long.
pub(crate) const PROGRESS: Duration = Duration::from_secs(10);

/// Whether each word stands in the text exactly once.
pub(crate) fn each_once<'a>(
    text: &str,
    words: impl IntoIterator<Item = &'a String>,
) -> Result<(), String> {
    let mut wrong = Vec::new();
    for word in words {
        match text.matches(word.as_str()).count() {
            1 => {}
            count => wrong.push(format!("{word} {count} times")),
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("{} in a text of {} bytes", wrong.join(", "), text.len())),
    }
}

/// How long something took for all pages; or how many of them it never happened to.
#[derive(Clone, Debug)]
pub(crate) struct Waited {
    took: Duration,
    left: usize,
}

impl Waited {
    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }
}

impl fmt::Display for Waited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        match self.left {
            0 => write!(f, "after {seconds:.1} s"),
            left => write!(f, "not after {seconds:.1} s ({left} pages)"),
        }
    }
}

/// Asks about each page again and again until it is good, [`CONVERGING`] at most.
pub(crate) async fn all_pages(
    what: &str,
    pages: usize,
    mut good: impl AsyncFnMut(usize) -> Result<(), String>,
) -> Waited {
    let (begun, mut told) = (Instant::now(), Instant::now());
    let mut left: Vec<usize> = (0..pages).collect();
    loop {
        let mut still = Vec::new();
        let mut last = String::new();
        for page in left {
            if let Err(why) = good(page).await {
                last = format!("page {page}: {why}");
                still.push(page);
            }
        }
        let waited = Waited { took: begun.elapsed(), left: still.len() };
        if still.is_empty() || waited.took > CONVERGING {
            return waited;
        }
        if told.elapsed() > PROGRESS {
            told = Instant::now();
            eprintln!("{:4.0} s: not {what}: {last}", waited.took.as_secs_f64());
        }
        left = still;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// How many words are not in a text, and how many are in it twice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) lost: usize,
    doubled: usize,
}

impl Counts {
    /// Those of a text in which every word should stand once, these among them.
    pub(crate) fn of(text: &str, words: &[String]) -> Self {
        let mut counted: HashMap<&str, usize> = HashMap::new();
        text.split_whitespace().for_each(|word| *counted.entry(word).or_default() += 1);
        Self {
            lost: words.iter().filter(|word| !counted.contains_key(word.as_str())).count(),
            doubled: counted.values().filter(|count| **count > 1).count(),
        }
    }

    /// Those of all these pages together.
    pub(crate) async fn at_origin(
        network: &Network,
        titles: &[String],
        words: &[Vec<String>],
    ) -> Self {
        let mut sum = Self::default();
        for (title, words) in titles.iter().zip(words) {
            let original = Original::read(network, title).await.unwrap();
            let counts = Self::of(&original.map(|page| page.text).unwrap_or_default(), words);
            sum.lost += counts.lost;
            sum.doubled += counts.doubled;
        }
        sum
    }

    pub(crate) fn is_good(self) -> bool {
        self.lost == 0 && self.doubled == 0
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lost {}, doubled {}", self.lost, self.doubled)
    }
}

/// Waits until every point of presence serves strangers one text that is good.
/// Gives the text and how long it took.
pub(crate) async fn served_alike(
    network: &Network,
    title: &str,
    good: impl Fn(&str) -> Result<(), String>,
) -> (Page, Duration) {
    let pops = pop_urls(network);
    let what = format!("{title} is the same and whole everywhere");
    until(&what, SETTLING, async || {
        let mut first: Option<Page> = None;
        for pop in &pops {
            let page = shown(Client::stranger().read(pop, title).await)?;
            good(&page.text).map_err(|why| format!("{pop}: {why}"))?;
            match &first {
                Some(first) if first.text != page.text => return Err("texts differ".into()),
                Some(_) => {}
                None => first = Some(page),
            }
        }
        first.ok_or_else(|| "there is no point of presence".into())
    })
    .await
}

/// The page in an answer that should have one.
pub(crate) fn shown(answer: Result<Answer, NoAnswer>) -> Result<Page, String> {
    let answer = answer?;
    answer.page().ok_or_else(|| format!("{} {}", answer.status, answer.text()))
}

/// The status of a page at one point of presence.
pub(crate) async fn status(pop: &str, title: &str) -> Result<Value, String> {
    let answer = Client::stranger().get(&format!("{pop}/-/status?key={title}")).await?;
    match answer.status {
        StatusCode::OK => Ok(answer.json()["document"].clone()),
        status => Err(format!("{pop}: {status} {}", answer.text())),
    }
}

/// Says what the parts know of pages that do not come to rest: each point of presence's status of
/// them, and all that the relay counts.
pub(crate) async fn tell_parts(network: &Network, titles: &[String]) {
    for title in titles {
        for pop in pop_urls(network) {
            match status(&pop, title).await {
                Ok(status) => eprintln!("--- {title} at {pop}: {status}"),
                Err(why) => eprintln!("--- {title}: {why}"),
            }
        }
    }
    let url = format!("{}/metrics", network.relay_url());
    let metrics = match Client::stranger().get(&url).await {
        Ok(answer) => answer.text(),
        Err(why) => why,
    };
    let counted = |line: &&str| !line.starts_with('#') && !line.ends_with(" 0");
    eprintln!("--- {url}");
    metrics.lines().filter(counted).for_each(|line| eprintln!("{line}"));
}

/// Waits until a page has come to rest with this text: equal hashes at all
/// points of presence, nothing waits, nothing is refused, and the origin has
/// the text, byte for byte.
pub(crate) async fn at_rest(network: &Network, title: &str, text: &str) {
    let pops = pop_urls(network);
    let what = format!("{title} comes to rest");
    until(&what, SETTLING, async || {
        let mut hashes = Vec::new();
        for pop in &pops {
            let status = status(pop, title).await?;
            let waits = status["overlay"] != 0 || status["pending"] != 0;
            if waits || status["intent_open"] != false {
                return Err(format!("{pop}: something waits: {status}"));
            }
            assert_eq!(status["quarantined"], Value::Array(Vec::new()), "{pop}");
            hashes.push((status["value_hash"].clone(), status["state_hash"].clone()));
        }
        match hashes.iter().all(|hash| *hash == hashes[0]) {
            true => Ok(()),
            false => Err(format!("hashes differ: {hashes:?}")),
        }
    })
    .await;
    let stored = Original::read(network, title).await.unwrap().map(|page| page.text);
    assert_eq!(stored.as_deref(), Some(text), "the origin's text of {title}");
    for pop in &pops {
        let page = shown(Client::stranger().read(pop, title).await).unwrap();
        assert_eq!(page.text, text, "{title} at {pop}");
    }
}

/// Waits until the origin has this text, then as [`at_rest`].
pub(crate) async fn at_rest_at_last(network: &Network, title: &str, text: &str) {
    let what = format!("the origin has the text of {title}");
    until(&what, SETTLING, async || match Original::read(network, title).await? {
        Some(page) if page.text == text => Ok(()),
        Some(page) => Err(format!("it has {} bytes, not {}", page.text.len(), text.len())),
        None => Err("it has no such page".into()),
    })
    .await;
    at_rest(network, title, text).await;
}

/// A page as the origin has it.
pub(crate) struct Original {
    pub(crate) tag: String,
    pub(crate) text: String,
}

impl Original {
    /// The page; `None` where the origin has none.
    pub(crate) async fn read(network: &Network, title: &str) -> Result<Option<Self>, NoAnswer> {
        let url = format!("{}/pages/{title}", network.origin_url());
        let answer = Client::stranger().get(&url).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(Self {
                tag: answer.header("etag").unwrap().to_owned(),
                text: answer.text(),
            })),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(format!("the origin: {answer:?}")),
        }
    }

    /// How many revisions a page has.
    pub(crate) async fn revisions(network: &Network, title: &str) -> usize {
        let url = format!("{}/pages/{title}/revisions", network.origin_url());
        let answer = Client::stranger().get(&url).await.unwrap();
        match answer.status {
            StatusCode::NOT_FOUND => 0,
            _ => answer.json().as_array().unwrap().len(),
        }
    }

    /// A person edits the page at the origin itself, again where somebody was
    /// faster, until it is saved.
    pub(crate) async fn edit(network: &Network, title: &str, change: impl Fn(&str) -> String) {
        let url = format!("{}/pages/{title}", network.origin_url());
        for _ in 0..100 {
            let page = Self::read(network, title).await.unwrap();
            let mut request = Request::builder().method(Method::PUT).uri(&url);
            request = match &page {
                Some(page) => request.header("if-match", &page.tag),
                None => request.header("if-none-match", "*"),
            };
            let text = change(page.as_ref().map_or("", |page| page.text.as_str()));
            let answer = Client::stranger().send(request.body(Body::from(text)).unwrap()).await;
            let answer = answer.unwrap();
            match answer.status {
                StatusCode::PRECONDITION_FAILED => {}
                status => {
                    assert!(status.is_success(), "{answer:?}");
                    return;
                }
            }
        }
        panic!("the origin lets nobody save {title}");
    }
}

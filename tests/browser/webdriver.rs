//! A small WebDriver client (W3C WebDriver 2, and chromedriver's extensions):
//! what a person does with a browser, and no more.
//!
//! It drives Debian's Chromium through Debian's chromedriver, which picks a
//! free port by itself. Script is switched off for every page: what the tests
//! see works without it. Whatever goes wrong here panics with what the driver
//! said; only looking for an element that may not be there does not.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;
use hyper::{Body, Client, Method, Request};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// How long a page may take to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The member that holds an element's reference in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Where the programs are, if both are installed.
pub(crate) struct Programs {
    chromium: PathBuf,
    chromedriver: PathBuf,
}

impl Programs {
    /// Looks for both on the PATH; says what is missing.
    pub(crate) fn find() -> Result<Self, String> {
        let chromium = on_path("chromium").ok_or("there is no chromium on the PATH")?;
        let chromedriver = on_path("chromedriver")
            .ok_or("there is no chromedriver on the PATH (Debian: chromium-driver)")?;
        Ok(Self { chromium, chromedriver })
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A running chromedriver. End it with [`Driver::quit`], which ends its
/// browsers too.
pub(crate) struct Driver {
    child: Child,
    url: String,
    chromium: PathBuf,
}

impl Driver {
    pub(crate) fn start(programs: Programs) -> Self {
        let mut child = Command::new(&programs.chromedriver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let port = output.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let url = format!("http://127.0.0.1:{}", port.expect("chromedriver names its port"));
        Self { child, url, chromium: programs.chromium }
    }

    /// Opens a browser with a profile of its own, an empty folder.
    pub(crate) async fn browser(&self, profile: &Path) -> Browser {
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1100,900",
        ];
        let mut arguments: Vec<_> = arguments.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": self.chromium,
                "args": arguments,
                // 2: blocked.
                "prefs": { "profile.managed_default_content_settings.javascript": 2 },
            },
        } } });
        let opened = ask(Method::POST, &format!("{}/session", self.url), Some(wanted)).await;
        let opened = opened.expect("a browser opens");
        let session = opened["sessionId"].as_str().expect("a session");
        Browser { session: format!("{}/session/{session}", self.url) }
    }

    /// Ends all browsers and the driver.
    pub(crate) async fn quit(mut self) {
        let asked = ask(Method::GET, &format!("{}/shutdown", self.url), None).await;
        let until = Instant::now() + Duration::from_secs(10);
        while asked.is_ok() && Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(PAUSE).await;
        }
        self.child.kill().expect("chromedriver ends");
        self.child.wait().expect("chromedriver is gone");
    }
}

/// One browser: one window, its own cookies and cache.
pub(crate) struct Browser {
    session: String,
}

/// How a page is looked at.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
}

impl Browser {
    async fn command(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/{path}", self.session);
        ask(method, &url, body).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.command(Method::POST, path, Some(body)).await
    }

    /// Opens an address and waits until the page is loaded.
    pub(crate) async fn open(&self, url: &str) {
        self.post("url", json!({ "url": url })).await;
    }

    pub(crate) async fn reload(&self) {
        self.post("refresh", json!({})).await;
    }

    pub(crate) async fn back(&self) {
        self.post("back", json!({})).await;
    }

    /// The address that the window shows.
    pub(crate) async fn url(&self) -> String {
        let url = self.command(Method::GET, "url", None).await;
        url.as_str().expect("an address").to_owned()
    }

    /// The first element that a selector finds, now.
    async fn element(&self, selector: &str) -> Result<String, String> {
        let body = json!({ "using": "css selector", "value": selector });
        let found = ask(Method::POST, &format!("{}/element", self.session), Some(body)).await?;
        found[ELEMENT].as_str().map(str::to_owned).ok_or_else(|| found.to_string())
    }

    /// Whether a selector finds something, now.
    pub(crate) async fn has(&self, selector: &str) -> bool {
        self.element(selector).await.is_ok()
    }

    /// Waits for an element and does something with it, again if the page was
    /// replaced meanwhile.
    async fn with(&self, selector: &str, method: Method, what: &str, body: Option<Value>) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let done = match self.element(selector).await {
                Ok(element) => {
                    let url = format!("{}/element/{element}/{what}", self.session);
                    ask(method.clone(), &url, body.clone()).await
                }
                Err(error) => Err(error),
            };
            match done {
                Ok(value) => return value,
                Err(error) if Instant::now() > until => {
                    let (url, text) = (self.url().await, self.visible("body").await);
                    panic!("{selector}: {error}\nat {url}, which shows:\n{text:?}")
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// Presses what leads to another page, and waits until that has taken this
    /// one's place: the driver may answer as soon as the press is done, when the
    /// old page, which may look alike, is still the one that would be asked.
    pub(crate) async fn click(&self, selector: &str) {
        let old = self.element("html").await.expect("a page to press something on");
        self.with(selector, Method::POST, "click", Some(json!({}))).await;
        let until = Instant::now() + PATIENCE;
        // While a page goes, questions about it fail; the next one is there once it has a root of
        // its own.
        while self.element("html").await.map_or(true, |now| now == old) {
            assert!(Instant::now() < until, "{selector} leads nowhere: {}", self.url().await);
            sleep(PAUSE).await;
        }
    }

    /// Types into a field, after what is there.
    pub(crate) async fn write(&self, selector: &str, text: &str) {
        self.with(selector, Method::POST, "value", Some(json!({ "text": text }))).await;
    }

    /// Empties a field and types into it.
    pub(crate) async fn rewrite(&self, selector: &str, text: &str) {
        self.with(selector, Method::POST, "clear", Some(json!({}))).await;
        self.write(selector, text).await;
    }

    /// The visible text of an element, once it is there.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let text = self.with(selector, Method::GET, "text", None).await;
        text.as_str().expect("text").to_owned()
    }

    /// What a field holds.
    pub(crate) async fn value(&self, selector: &str) -> String {
        let value = self.with(selector, Method::GET, "property/value", None).await;
        value.as_str().expect("a value").to_owned()
    }

    /// The visible text of an element that may be missing.
    pub(crate) async fn visible(&self, selector: &str) -> Option<String> {
        let element = self.element(selector).await.ok()?;
        let url = format!("{}/element/{element}/text", self.session);
        let text = ask(Method::GET, &url, None).await.ok()?;
        text.as_str().map(str::to_owned)
    }

    /// Opens an address again and again until an element's text will do.
    pub(crate) async fn open_until(
        &self,
        url: &str,
        selector: &str,
        enough: impl Fn(&str) -> bool,
    ) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            self.open(url).await;
            match self.visible(selector).await {
                Some(text) if enough(&text) => return text,
                last if Instant::now() > until => {
                    let page = self.visible("body").await;
                    panic!("{url} does not come to show it in {selector}: {last:?}\n{page:?}")
                }
                _ => sleep(PAUSE).await,
            }
        }
    }

    /// What the console reported since the last call.
    pub(crate) async fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", json!({ "type": "browser" })).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or("?").to_owned()).collect()
    }

    /// A command of the DevTools protocol.
    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("goog/cdp/execute", body).await
    }

    /// A picture of the whole page, PNG.
    pub(crate) async fn picture(&self, look: Look) -> Vec<u8> {
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
        let size = json!({ "width": look.width, "height": look.height, "deviceScaleFactor": 1,
            "mobile": look.width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let content = &metrics["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "scale": 1,
            "width": content["width"], "height": content["height"] });
        let how = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.devtools("Page.captureScreenshot", how).await;
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
        let taken = taken["data"].as_str().expect("a picture");
        BASE64.decode(taken.as_bytes()).expect("base64")
    }
}

/// One request to the driver: the value it answers, or what it says went wrong.
async fn ask(method: Method, url: &str, body: Option<Value>) -> Result<Value, String> {
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let request = Request::builder().method(method).uri(url).body(body);
    let request = request.map_err(|error| error.to_string())?;
    let answer = Client::new().request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status();
    let body =
        hyper::body::to_bytes(answer.into_body()).await.map_err(|error| error.to_string())?;
    let mut answer: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let value = answer["value"].take();
    match status.is_success() {
        true => Ok(value),
        false => Err(format!("{}: {}", value["error"], value["message"])),
    }
}

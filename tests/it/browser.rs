//! A real browser: Chromium, driven over `WebDriver`, as wide and as dark as a test wants it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::desk::missing;

/// Two at a time: each takes more memory and time than all the rest of a test.
static PLACES: Semaphore = Semaphore::const_new(2);

/// A browser without a window.
pub(crate) struct Browser {
    pub(crate) page: Client,
    _place: SemaphorePermit<'static>,
    _driver: Driver,
}

/// The program that drives it, which ends with the test.
struct Driver {
    child: Child,
    /// Where this browser, and no other, keeps what is its own.
    profile: tempfile::TempDir,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        // The browser outlives its driver, with all its processes.
        let mut kill = Command::new("kill");
        kill.arg("-KILL").args(processes_with(&self.profile.path().display().to_string()));
        kill.stderr(Stdio::null()).status().ok();
    }
}

/// Returns the processes that were started with an argument that holds this.
fn processes_with(argument: &str) -> Vec<String> {
    let holds = |process: &std::fs::DirEntry| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(argument)
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let names = processes.filter(holds).map(|process| process.file_name());
    names.filter_map(|name| name.into_string().ok()).collect()
}

/// A command of Chromium's own driver, below a session.
#[derive(Debug)]
struct Special {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Special {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    /// Starts one; where there is no Chromium the test is skipped, and fails in CI.
    pub(crate) async fn start() -> Option<Self> {
        for program in ["chromium", "chromedriver"] {
            if Command::new(program).arg("--version").output().is_err() {
                missing(program);
                return None;
            }
        }
        let place = PLACES.acquire().await.unwrap();
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let driver = Driver { child, profile };
        let told =
            lines.map(|line| line.unwrap()).find(|line| line.contains("successfully on port "));
        let port = told.expect("the driver tells its port");
        let port: String = port
            .rsplit("on port ")
            .next()
            .unwrap()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let arguments = [
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", driver.profile.path().display()),
        ];
        let wishes = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let page = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(wishes.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Some(Self { page, _place: place, _driver: driver })
    }

    /// Looks at pages from now on as wide as that, light or dark.
    pub(crate) async fn look(&self, width: u32, is_dark: bool) {
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.page.issue_cmd(Special { path: "goog/cdp/execute", body }).await.unwrap();
    }

    /// Returns what the console has told since it was last asked.
    pub(crate) async fn console(&self) -> Vec<String> {
        let body = json!({ "type": "browser" });
        let told = self.page.issue_cmd(Special { path: "se/log", body }).await.unwrap();
        let entries = told.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["message"].to_string()).collect()
    }

    /// Runs a script in the page and returns what it returns.
    pub(crate) async fn ask(&self, script: &str) -> Value {
        self.page.execute(script, Vec::new()).await.unwrap()
    }
}

/// Returns the script of axe-core, which `AXE_CORE` names.
pub(crate) fn axe() -> Option<String> {
    let place = std::env::var_os("AXE_CORE").map(PathBuf::from).filter(|place| place.exists());
    if place.is_none() {
        missing("axe-core (axe.min.js in AXE_CORE)");
    }
    place.map(|place| std::fs::read_to_string(place).unwrap())
}

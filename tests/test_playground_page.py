"""The playground's page: one file, in which the package runs in a headless Chromium, by Pyodide.

Needs Chromium and the npm package `pyodide`, found as in `test_pyodide`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Event, Thread

import pytest
from player_help import CHROMIUM, WATCH, needs_chromium
from test_pyodide import pyodide

from micrograd.playground.archive import packed
from micrograd.playground.page import playground


def test_the_archive_is_the_package_and_always_the_same_bytes(tmp_path):
    made = packed()
    assert made == packed()
    with tarfile.open(fileobj=BytesIO(made)) as archive:
        archive.extractall(tmp_path)
    home = Path(sys.modules["micrograd"].__file__).parent
    files = {path.relative_to(home) for path in home.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert files == {path.relative_to(tmp_path / "micrograd") for path in tmp_path.rglob("*") if path.is_file()}


def test_the_page_is_one_file_that_loads_only_python():
    page = playground("pyodide")
    assert "connect-src 'self';" in page and '"address":"pyodide/"' in page and page.count("</script>") == 1
    assert "connect-src https://here/p/;" in playground("https://here/p/")
    for address in ("", "ftp://here/", "https://", "a b", "p?q", "javascript:alert(1)", "x;y", "data:,"):
        with pytest.raises(ValueError, match="expected an address"):
            playground(address)


def test_the_command(tmp_path):
    run = partial(subprocess.run, capture_output=True, text=True, cwd=tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-m", "micrograd", "playground", "--pyodide", "py/"]
    done = run([*command, "-o", "p.html"], env=environment)
    assert done.returncode == 0 and "p.html; it loads Python from py/" in done.stdout, done.stderr
    assert (tmp_path / "p.html").read_text("utf-8") == playground("py")
    wrong = run([*command[:-1], "ftp://x"], env=environment)
    assert wrong.returncode == 2 and wrong.stderr.startswith("micrograd: --pyodide: expected an address")


DRIVER = """
const part = id => document.getElementById(id), all = query => [...document.querySelectorAll(query)], seen = {};
const wait = seconds => new Promise(done => setTimeout(done, 1000 * seconds));
async function until(holds, what) {
  for (let k = 0; k < 1200; k++, await wait(0.05)) { const found = holds(); if (found) return found; }
  throw new Error(`waited in vain for ${what}; ${document.body.dataset.python}: ${part("outcome").textContent}`);
}
const said = text => until(() => part("outcome").textContent.includes(text), text);
const chosen = name => until(() => all(".choice[aria-pressed=true]").some(made => made.dataset.by === name), name);
const ready = () => until(() => document.body.dataset.python === "ready", "Python");
const shows = (name, query) =>
  until(() => part("panel").dataset.shows === name && part("panel").querySelector(query), name);
function type(text) { part("code").value = text; part("code").dispatchEvent(new Event("input", { bubbles: true })); }
function press(key, more = {}) {
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
}
async function play() {
  seen.first = part("outcome").textContent;
  await ready();
  part("code").focus();
  type("h = sigmoid(w1*x)\\n(sigmoid(w2*h) - y)**2");
  await said("f = 0.46");
  seen.gradients = all("#numbers .gradient").map(made => made.textContent);
  seen.address = location.hash;
  const field = all("#numbers input[type=number]")[0];
  field.value = "2";
  field.dispatchEvent(new Event("input"));
  await said("f = 0.551");
  part("tab-graph").focus();
  press("ArrowRight");
  const frame = await shows("explore", "iframe");
  seen.frame = [frame.getAttribute("sandbox"), document.activeElement.id];
  await until(() => frame.style.height, "the height of the player");
  press("ArrowRight");
  seen.explain = (await shows("explain", "table")).textContent;
  all(".choice").find(made => made.dataset.by === "w2").click();
  await chosen("w2");
  press("ArrowRight");
  part("tab-formula").click();
  seen.formula = (await shows("formula", ".formula table")).textContent;
  part("code").focus();
  type("def f(x):");
  part("code").setSelectionRange(9, 9);
  for (const key of ["Enter", "Escape", "Tab", "x", "Tab"]) press(key);
  seen.typed = part("code").value;
  type("w*x\\nsigmod(w)");
  await said("line 2: no function 'sigmod'; did you mean sigmoid");
  seen.wrong = all(".lines .wrong, .colours .wrong").map(made => made.textContent.trim());
  part("examples").value = "0";
  part("examples").dispatchEvent(new Event("change"));
  part("tab-train").click();
  const training = await shows("train", ".live svg");
  const epoch = () => Number(/epoch (\\d+)/.exec(part("panel").textContent)?.[1]);
  part("panel").querySelector(".play").click();
  await until(() => epoch() > 20, "20 epochs");
  part("panel").querySelector(".play").click();
  seen.loss = Number(part("panel").querySelector("strong").textContent);
  part("tab-graph").click();
  await shows("graph", "svg");
  type(HOSTILE);
  await said("forged");
  seen.tried = part("said").textContent;
  seen.inert = [...part("panel").querySelectorAll("script, image, a, foreignObject, [onload], [onclick]")].length;
  await wait(0.3);
  type("while True:\\n    w\\nw");
  await until(() => !part("stop").hidden, "the stop button");
  part("stop").click();
  seen.stopped = part("outcome").textContent;
  type("w * w");
  await said("f = 0.25");
  seen.alerts = alerts;
}
const told = outcome => fetch("/result", { method: "POST", body: JSON.stringify({ ...outcome, errors }) });
play().then(() => told(seen), error => told({ failed: String(error.stack) }));
"""

# Code of a link that tries what it can: the network, this site, and a forged answer with scripts in it
HOSTILE = """
import js
js.eval("function sent() { const r = new XMLHttpRequest(); r.open('GET', address + 'secret', false); r.send(); }")
tried = []
for attempt in ("parent.document.title", "indexedDB.open('x')", "localStorage.x", "sent()"):
    try:
        js.eval(attempt)
        tried.append(attempt)
    except BaseException:
        pass
svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='alert(1)'><script>alert(2)"
svg += "</script><a href='javascript:alert(3)'><text>x</text></a><image href='x' onerror='alert(4)'/>"
svg += "<foreignObject><p onclick='alert(5)'>x</p></foreignObject><rect onload='alert(6)'/></svg>"
forged = {"at": {"<b>": 1}, "numbers": [], "result": {"name": "<img src=x onerror=alert(7)>", "text": "forged"}}
forged |= {"said": f"tried {tried}", "panel": {"svg": svg}}
import json
js.eval("page.postMessage({ kind: 'answer', text: " + json.dumps(json.dumps(forged)) + " })")
w * 1
"""


class Site(SimpleHTTPRequestHandler):
    """Serves the page and the files of Pyodide, and takes what the driver saw."""

    page, asked, over, result = "", [], Event(), {}

    def do_GET(self):
        self.asked.append(self.path)
        if self.path != "/page.html":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.page.encode())

    def do_POST(self):
        self.result.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
        self.over.set()

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the driver saw in the page, and what was asked of its site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(Path(pyodide()).parent)))
    Thread(target=server.serve_forever, daemon=True).start()
    site = f"http://127.0.0.1:{server.server_port}/"
    hostile = json.dumps(HOSTILE).replace("</", "<\\/")
    script = f"<script>{WATCH}</script><script>{DRIVER.replace('HOSTILE', hostile)}</script>"
    Site.page = playground(site).replace("</body>", script + "</body>")
    profile = tmp_path_factory.mktemp("profile")
    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--mute-audio", "--remote-debugging-port=0"]
    browser = subprocess.Popen(
        [CHROMIUM, "--headless", *options, f"--user-data-dir={profile}", f"{site}page.html"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert Site.over.wait(240), "the page said nothing"
    finally:
        browser.terminate()
        browser.wait(30)
        server.shutdown()
    assert "failed" not in Site.result, Site.result
    assert Site.result["errors"] == []
    return Site.result


@needs_chromium
def test_the_page_answers_while_one_types(seen):
    assert seen["first"] == "L = 0.46"  # before Python is there
    assert seen["gradients"] == ["∇ 0.0835", "∇ 0.0417", "∇ −0.184", "∇ 1.36"]
    assert seen["address"].startswith("#code=h+%3D+sigmoid%28w1*x%29%0A")
    assert seen["frame"] == ["allow-scripts", "tab-explore"]
    assert "∂f/∂w₁" in seen["explain"] and "(σ(w₂·σ(w₁·x)) − y)²" in seen["formula"]
    assert seen["typed"] == "def f(x):\n        " and seen["wrong"] == ["2", "sigmod(w)"]
    assert seen["loss"] < 0.028


@needs_chromium
def test_code_is_walled_off_and_can_be_stopped(seen):
    assert "tried []" in seen["tried"] and seen["alerts"] == 0 and seen["inert"] == 0 and "/secret" not in Site.asked
    assert seen["stopped"] == "Stopped."

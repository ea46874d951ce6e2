"""The playground: what its Python answers, here; and the page itself, in a headless Chromium with Pyodide.

The page needs Chromium and the npm package `pyodide`, found as in `test_pyodide`.
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

from micrograd.command_line.toy import SAMPLE, START
from micrograd.engine import Value
from micrograd.playground.answers import Session
from micrograd.playground.archive import packed
from micrograd.playground.examples import EXAMPLES
from micrograd.playground.page import playground

TOY, OR = EXAMPLES[0], EXAMPLES[1]
TRAIN = {"panel": "train", "rule": "SGD", "batch": None, "start": 0, "since": 0, "epochs": 0, "seconds": 60.0}


def answer(code, at=(), panel="formula", session=None, **more):
    """What Python answers the page."""
    asked = {"code": code, "at": dict(at), "panel": panel, **more}
    return json.loads((session or Session()).answer(json.dumps(asked)))


def grads(found):
    return {x["name"]: x["grad"] for x in found["numbers"]}


# ---- what Python answers


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_every_panel_shows_every_example(example):
    for panel in ("graph", "explore", "explain", "formula"):
        found = answer(example["code"], example["at"], panel)
        assert "error" not in found and "note" not in found["panel"], (panel, found)
    if example["data"]:
        found = answer(session=(session := Session()), **{**TRAIN, **example})["panel"]
        assert found["prediction"] and found["losses"] == [] and found["new"]
        later = answer(session=session, **{**TRAIN, **example, "epochs": 20})["panel"]
        assert len(later["losses"]) == later["epoch"] == 20 and later["loss"] < found["loss"] and not later["new"]


def test_numbers_are_those_of_the_package():
    w1, x, w2, y = [Value({**START, **SAMPLE}[name], name) for name in ("w1", "x", "w2", "y")]
    (((w2 * (w1 * x).sigmoid()).sigmoid() - y) ** 2).backward()
    found = answer(TOY["code"], TOY["at"])
    assert grads(found) == {"w1": w1.grad, "x": x.grad, "w2": w2.grad, "y": y.grad}
    assert found["result"] == {"name": "L", "text": "0.46"} and found["panel"]["formulas"][0]["title"] == "L"
    assert [x["role"] for x in found["numbers"]] == ["parameter", "input", "parameter", "constant"]


@pytest.mark.parametrize(
    "code, at, expected",
    [
        ("w * x", {"w": 3, "x": 2}, {"w": 2, "x": 3}),
        ("def f(w, x=2.0, *, b=1): return w * x + b", {"w": 3}, {"w": 2, "x": 3, "b": 1}),
        ("def g(a):\n    return a * k\ng(g(x))", {"k": 3, "x": 2}, {"k": 12, "x": 9}),
        ("x = 1.0\nfor _ in range(2):\n    x = x * w", {"w": 3}, {"w": 6}),
        ("s = sum([w * k for k in range(4)])\ns.backward()\ns * s", {"w": 1}, {"w": 72}),
        ("w if w > 0 else -w", {"w": -2}, {"w": -1}),
        ("pi * w + e + math.sqrt(4)", {"w": 1}, {"w": 3.141592653589793}),
        ("v = Value(2.0, 'v')\nv * w", {"w": 5}, {"w": 2}),
        ("w * 0 + unused * 0 * math.nan if False else w", {}, {"w": 1, "unused": 0}),
        ("losses.squared_error(w, 1.0)", {"w": 3}, {"w": 4}),
    ],
)
def test_code_of_all_forms(code, at, expected):
    assert grads(answer(code, at)) == expected


@pytest.mark.parametrize(
    "code, line, message",
    [
        ("", 0, ""),
        ("# only words", 0, ""),
        ("w +", 1, "invalid syntax"),
        ("w\n  x", 2, "unexpected indent"),
        ("z = w\nsigmod(z)", 2, "no function 'sigmod'; did you mean sigmoid"),
        ("z = w\nreturn z", 2, "'return' outside function"),
        ("def f(x):\n    return x % 2\nf(w)", 2, "x % y is not defined for Values"),
        ("a = [w]\na[3]", 2, "IndexError: list index out of range"),
        ("float(w)", 1, "a Value does not turn into a float"),
        ("import nothing_at_all\nw", 1, "No module named 'nothing_at_all'"),
        ("w = 2\n3 * w", 2, "the last line gives the plain number 6"),
        ("[w, w]", 1, "the last line gives several values"),
        ("print(w)", 1, "the last line gives nothing"),
        ("nn.MLP(2, [1])", 1, "the last line gives a model"),
        ("def f(*xs): return w", 1, "how many arguments f takes is open"),
        ("w\nimport math", 2, "the last line gives no number"),
        ("def f(x): return f(x)\nf(w)", 1, "maximum recursion depth exceeded"),
        ("raise SystemExit(3)", 1, "the last line gives no number"),
        ("exit_now = [][0] if w else w\nexit_now", 1, "IndexError"),
        ("w" + " + w" * 9_999, 0, "expected at most 20,000 characters"),
    ],
)
def test_errors_name_the_line(code, line, message):
    found = answer(code)["error"]
    assert found["message"].startswith(message) and found["line"] == line, found


def test_what_is_printed_is_kept_also_before_an_error():
    assert answer("print('so far')\nw / [1]")["said"] == answer("print('so far')\nw")["said"] == "so far\n"


def test_inner_names_of_functions_are_shown():
    code = "def neuron(x):\n    z = w * x\n    return tanh(z)\nneuron(neuron(x))"
    svg = answer(code, panel="graph")["panel"]["svg"]
    assert "z[0]" in svg and "z[1]" in svg


def test_a_panel_that_cannot_show_something_says_why():
    found = answer("y = x\nfor _ in range(4_000):\n    y = y * w\ny", panel="explore")
    assert found["panel"]["note"].startswith("explore plays graphs of up to 3,000 values")


def test_explain_tells_of_leaves_that_the_code_made_too():
    found = answer("v = Value(2.0, 'v')\nv * w", panel="explain", by="v")["panel"]
    assert found["by"] == ["w", "v"] and found["chosen"] == "v" and "∂f/∂v" in found["html"]


# ---- training


@pytest.mark.parametrize(
    "code, prediction",
    [
        ("h = sigmoid(w1*x); (sigmoid(w2*h) - y)**2", "sigmoid(w2 * h)"),
        ("p = sigmoid(w*x)\n-y*log(p) - (1 - y)*log(1 - p)", "p"),
        ("def loss(w, x, y):\n    s = w*x\n    return losses.squared_error(s, y)", "s"),
        ("def half(u): return u / 2\n(half(w*x) - half(y))**2", "half(w * x)"),
        ("(w*x - y)**2 + 0.1*w*w", ""),  # the penalty reads a parameter
        ("h = w*x\nh = h - y\nh*h", ""),
        ("h = w*x\nif y > 0:\n    h = h - y\nh*h", ""),
    ],
)
def test_a_loss_is_taken_apart_where_it_has_a_seam_and_trains_the_same(code, prediction):
    data = "x, y\n0.5, 0.25\n-1 0.75\n2; 0.125"
    found = answer(code, {"w": 0.5}, data=data, rate=0.25, **{**TRAIN, "epochs": 3})["panel"]
    assert found["prediction"] == prediction and found["columns"] == ["x", "y"] and found["epoch"] == 3
    assert ("curve" in found) == bool(prediction)
    numbers = {name: 0.5 if name == "w" else None for name in ["w"]} if "w1" not in code else {}
    if numbers:
        w = 0.5
        for _ in range(3):
            slopes = [grads(answer(code, {"w": w, "x": x, "y": y}))["w"] for x, y in found["rows"]]
            w -= 0.25 * sum(slopes) / 3
        assert found["parameters"][0]["data"] == pytest.approx(w, rel=1e-12)


@pytest.mark.parametrize(
    "data, message",
    [
        ("", "data begin with a line of names, such as x, y"),
        ("x, t\n1, 2", "data: the code has no name 't' without a value; it has w, x, y"),
        ("x, x\n1, 2", "data: a name heads two columns"),
        ("x, y\n1, two", "data: expected 2 numbers in line 2, got 1, two"),
        ("x, y\n1, 2\n3", "data: expected 2 numbers in line 3, got 3"),
        ("x, y\n1, inf", "data: expected 2 numbers in line 2"),
        ("w, x, y\n1, 2, 3", "data: every free name of the code has a column"),
        ("x, y\n" + "1, 2\n" * 501, "data: expected at most 500 rows, got 501"),
    ],
)
def test_data_that_cannot_be_read(data, message):
    assert answer("(w*x - y)**2", data=data, rate=1.0, **TRAIN)["panel"]["note"].startswith(message)


def test_a_training_begins_anew_where_something_changes_and_says_when_it_diverges():
    session, asked = Session(), {**TRAIN, "data": "x, y\n1, 2\n3, 4", "rate": 0.01, "epochs": 2}
    first = answer("(w*x - y)**2", session=session, **asked)["panel"]
    again = answer("(w*x - y)**2", session=session, **{**asked, "since": 2})["panel"]
    assert first["new"] and not again["new"] and (again["epoch"], len(again["losses"])) == (4, 2)
    assert answer("(w*x - y)**2", session=session, **{**asked, "rule": "Adam"})["panel"]["epoch"] == 2
    wild = answer("(w*x - y)**2", session=session, **{**asked, "rate": 1e6, "epochs": 100})["panel"]
    assert "diverged" in wild["stopped"] or "loss" in wild["stopped"]


# ---- the page


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
const ready = () => until(() => document.body.dataset.python === "ready", "Python");
const shows = (name, query) => until(() => part("panel").dataset.shows === name && part("panel").querySelector(query), name);
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
  seen.chosen = (await until(() => all(".choice[aria-pressed=true]").find(made => made.dataset.by === "w2"), "w2")) !== null;
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
tried = []
for attempt in ("parent.document.title", "indexedDB.open('x')", "localStorage.x", "XMLHttpRequest && sent()"):
    try:
        js.eval(attempt)
        tried.append(attempt)
    except BaseException:
        pass
js.eval("function sent() { const r = new XMLHttpRequest(); r.open('GET', address + 'secret', false); r.send(); }")
try:
    js.eval("sent()")
    tried.append("network")
except BaseException:
    pass
svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' viewBox='0 0 9 9' onload='alert(1)'><script>alert(2)"
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
    assert "∂f/∂w₁" in seen["explain"] and seen["chosen"] and "(σ(w₂·σ(w₁·x)) − y)²" in seen["formula"]
    assert seen["typed"] == "def f(x):\n        " and seen["wrong"] == ["2", "sigmod(w)"]
    assert seen["loss"] < 0.028


@needs_chromium
def test_code_is_walled_off_and_can_be_stopped(seen):
    assert seen["alerts"] == 0 and seen["inert"] == 0 and "/secret" not in Site.asked
    assert seen["stopped"] == "Stopped."

"""The playground's page: one file, in which the package runs in a headless Chromium, by Pyodide.

Needs Chromium and the npm package `pyodide`, found as in `test_pyodide`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from browser_help import Browser
from player_help import needs_chromium
from test_pyodide import pyodide

from micrograd.playground.archive import packed, travels
from micrograd.playground.page import playground


def test_the_archive_is_the_package_and_always_the_same_bytes(tmp_path):
    made = packed()
    assert made == packed()
    with tarfile.open(fileobj=BytesIO(made)) as archive:
        archive.extractall(tmp_path)
    home = Path(sys.modules["micrograd"].__file__).parent
    files = {path.relative_to(home) for path in home.rglob("*") if path.is_file() and travels(path)}
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


HELP = """
const part = id => document.getElementById(id), all = query => [...document.querySelectorAll(query)];
async function until(holds, what) {
  for (let k = 0; k < 4500; k++, await new Promise(done => setTimeout(done, 40))) {
    const found = holds();
    if (found) return found;
  }
  throw new Error(`waited in vain for ${what}; ${document.body.dataset.python}: ${part("outcome").textContent}`);
}
const said = text => until(() => part("outcome").textContent.includes(text), text);
const shows = (name, query) =>
  until(() => part("panel").dataset.shows === name && part("panel").querySelector(query), name);
const pressed = name => until(() => all(".choice[aria-pressed=true]").some(made => made.dataset.by === name), name);
function type(text) {
  part("code").value = text;
  part("code").dispatchEvent(new Event("input", { bubbles: true }));
}
const example = k => { part("examples").value = k; part("examples").dispatchEvent(new Event("change")); };
"""

# Code of a link that tries what it can: the network, this site, and a forged answer with scripts in it
HOSTILE = """
import js, json
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
js.eval("page.postMessage({ kind: 'file', number: 77, name: 'secret' })")
js.eval("page.postMessage({ kind: 'answer', text: " + json.dumps(json.dumps(forged)) + " })")
w * 1
"""


class Files(SimpleHTTPRequestHandler):
    """The files of Pyodide, which pages of everywhere may read."""

    def end_headers(self):
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    """A tab with the page, from a file, at which Python is there; `first` is what it said before."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(Path(pyodide()).parent)))
    Thread(target=server.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("playground")
    page = folder / "page.html"
    page.write_text(playground(f"http://127.0.0.1:{server.server_port}/"), encoding="utf-8")
    with Browser(folder) as browser:
        tab = browser.open(page)
        first = "window.alerts = 0; window.alert = () => alerts++; return part('outcome').textContent;"
        tab.first = tab.run(HELP + first)
        tab.run(HELP + "await until(() => document.body.dataset.python === 'ready', 'Python');")
        yield tab
    server.shutdown()


@needs_chromium
def test_the_page_answers_while_one_types(tab):
    assert tab.first == "L = 0.46"
    tab.run(HELP + "type(''); part('code').focus();")
    for key in ["def f(w):", "Enter", "return w", "Enter", "Tab"]:
        tab.key(key) if key in ("Enter", "Tab") else tab.send("Input.insertText", text=key)
    tab.run(HELP + "await said('w = 0.5');")
    tab.key("Escape")
    tab.key("Tab")
    seen = tab.run(HELP + "return [part('code').value, document.activeElement.ariaLabel];")
    assert seen == ["def f(w):\n    return w\n        ", "w, slider"]
    seen = tab.run(
        HELP
        + """
        type("h = sigmoid(w1*x)\\n(sigmoid(w2*h) - y)**2");
        await said("f = 0.46");
        const gradients = all("#numbers .gradient").map(made => made.textContent), { hash } = location;
        const field = all("#numbers input[type=number]")[0];
        field.value = "2";
        field.dispatchEvent(new Event("input"));
        await said("f = 0.551");
        const move = x => { field.value = x; field.dispatchEvent(new Event("input")); };
        const asked = new Promise(done => {
          const look = () => document.body.dataset.python === "busy" && done();
          new MutationObserver(look).observe(document.body, { attributes: true });
        });
        move("0.5");
        await asked;
        move("1"); // while an answer about 0.5 is on its way
        await until(() => part("outcome").textContent === "f = 0.499", "the answer about 1");
        return [gradients, hash, field.value];"""
    )
    assert seen[2] == "1"
    assert seen[0] == ["∇ 0.0835", "∇ 0.0417", "∇ −0.184", "∇ 1.36"]
    assert seen[1].startswith("#code=h+%3D+sigmoid%28w1*x%29%0A")
    seen = tab.run(
        HELP
        + """
        type("w*x\\nsigmod(w)");
        await said("line 2: no function 'sigmod'; did you mean sigmoid");
        return all(".lines .wrong, .colours .wrong").map(made => made.textContent.trim());"""
    )
    assert seen == ["2", "sigmod(w)"]


@needs_chromium
def test_tabs_by_keyboard_and_a_link(tab):
    link = "#code=h+%3D+sigmoid(w1*x)%0A(sigmoid(w2*h)+-+y)**2&at=w1:0.5,x:1,w2:-1.2,y:1&panel=graph"
    tab.run(HELP + f"location.hash = '{link}'; await said('f = 0.46'); await shows('graph', 'svg');")
    tab.run(HELP + "part('tab-graph').focus();")
    tab.key("ArrowRight")
    seen = tab.run(
        HELP
        + """
        const frame = await shows("explore", "iframe");
        await until(() => frame.style.height, "the height of the player");
        return [frame.getAttribute("sandbox"), document.activeElement.id];"""
    )
    assert seen == ["allow-scripts", "tab-explore"]
    tab.key("ArrowRight")
    assert "∂f/∂w₁" in tab.run(HELP + "return (await shows('explain', 'table')).textContent;")
    tab.run(HELP + "all('.choice').find(made => made.dataset.by === 'w2').click(); await pressed('w2');")
    tab.run(HELP + "part('tab-explain').focus();")
    tab.key("ArrowRight")
    formula = tab.run(HELP + "return (await shows('formula', '.formula table')).textContent;")
    assert "(σ(w₂·σ(w₁·x)) − y)²" in formula


@needs_chromium
def test_training_without_numpy(tab):
    note, loss = tab.run(
        HELP
        + """
        example(0);
        part("tab-train").click();
        await shows("train", ".live svg");
        const play = part("panel").querySelector(".play"), text = () => part("panel").textContent;
        play.click();
        await until(() => Number(/epoch (\\d+)/.exec(text())?.[1]) > 20, "20 epochs");
        play.click();
        const note = part("panel").querySelector(".live ~ .hint").textContent;
        return [note, Number(part("panel").querySelector("strong").textContent)];"""
    )
    assert loss < 0.028 and note.endswith("needs NumPy, which this Pyodide does not have.")


@needs_chromium
def test_code_is_walled_off(tab):
    script = f"type({json.dumps(HOSTILE)}); part('tab-graph').click(); await said('forged');"
    script += "return [part('said').textContent, alerts, part('panel').innerHTML];"
    said, alerts, panel = tab.run(HELP + script)
    assert "tried []" in said and alerts == 0
    assert panel.startswith('<div class="frame">') and not re.search("script|image|href|foreign|onload|onclick", panel)
    assert not [address for address in tab.requests if "secret" in address] and tab.errors == []


@needs_chromium
def test_an_endless_loop_is_stopped(tab):
    stopped = tab.run(
        HELP
        + """
        type("while True:\\n    w\\nw");
        await until(() => !part("stop").hidden, "the stop button");
        part("stop").click();
        const { textContent } = part("outcome");
        type("w * w");
        await said("f = 0.25");
        return textContent;"""
    )
    assert stopped == "Stopped."

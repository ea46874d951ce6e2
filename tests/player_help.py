"""Players of `explore`, operated in a real headless Chromium.

run         what a script says in a page with one or more players
state       what a player shows: {key: [data, ∇]} of the boxes and {key: local derivative} of the arrows, from the
            tooltips, which have full precision
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
from urllib.parse import unquote

import pytest

from micrograd.dispatch import of_one, operate
from micrograd.engine import Value, apply, topological

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="needs Chromium")

DRIVER = """
const players = () => [...document.querySelectorAll(".micrograd-explorer")];
function title(part) { return part.querySelector("title").textContent; }
function state(player) {
  const found = {};
  for (const box of player.querySelectorAll("g.box")) {
    const text = title(box);
    const lines = [/\\ndata (.*)/, /\\n∇ (.*)/];
    found[box.dataset.key] = lines.map(line => (line.exec(text) || [])[1]);
  }
  for (const edge of player.querySelectorAll("g.edge")) {
    found[edge.dataset.key] = (/ = (.*)/.exec(title(edge)) || [])[1];
  }
  return found;
}
function leaf(player, i) {
  if (!player.querySelector(`.leaf[data-i="${i}"]`)) {
    player.querySelector(`[data-key="n${i}"]`).dispatchEvent(new MouseEvent("click", { bubbles: true }));
  }
  return player.querySelector(`.leaf[data-i="${i}"]`);
}
function set(player, i, x, kind = "number") {
  const input = leaf(player, i).querySelector(`input[type="${kind}"]`);
  input.value = x;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}
function click(player, name) { player.querySelector("button." + name).click(); }
function press(target, key, more = {}) {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
}
function story(player) {
  return [...player.querySelectorAll(".story span, .story .head")].map(part => part.textContent);
}
"""


WATCH = """
let alerts = 0;
window.alert = () => alerts++;
const errors = [];
addEventListener("error", event => errors.push(event.message));
addEventListener("unhandledrejection", event => errors.push(String(event.reason)));
"""


def run(folder, body, script):
    """What `script`, the body of an async function, returns in a page with that body; alerts are counted."""
    assert CHROMIUM is not None, "Chromium is not installed"
    page = folder / "page.html"
    page.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><body><script>{WATCH}</script>\n{body}<pre id="result"></pre>'
        f"<script>{DRIVER}(async () => {{{script}}})().catch(error => errors.push(String(error.stack)))"
        ".then(outcome => { const said = JSON.stringify({ outcome, errors });"
        "document.getElementById('result').textContent = encodeURIComponent(said); });</script>",
        encoding="utf-8",
    )
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--mute-audio"]
    command = [CHROMIUM, "--headless", *options, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000"]
    dom = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, timeout=120).stdout.decode()
    found = re.search(r'<pre id="result">([^<]+)</pre>', dom)
    assert found, dom[:2000]
    result = json.loads(unquote(found.group(1)))
    assert result["errors"] == [], result["errors"]
    return result["outcome"]


def evaluated(root, settings):
    """The graph of root with leaves set to {place: number}, evaluated anew, after backward: its nodes in order."""
    fresh = {}
    for i, node in enumerate(topological(root)):
        if node.op is None:
            fresh[id(node)] = Value(settings.get(i, node.data))
        else:
            fresh[id(node)] = apply(node.op, tuple([fresh[id(x)] if isinstance(x, Value) else x for x in node.args]))
        fresh[id(node)].label = node.label
    copy = fresh[id(root)]
    copy.backward()
    return list(fresh.values())


def near(got, wanted):
    """As the page shows a number, which has no sign of zero."""
    got = float(got.replace("Infinity", "inf"))
    return math.isclose(got, wanted, rel_tol=1e-12, abs_tol=1e-300) or got != got and wanted != wanted


def differences(state, nodes):
    """Where the page does not say what Python does."""
    wrong = []
    place = {id(node): i for i, node in enumerate(nodes)}
    for i, node in enumerate(nodes):
        data, grad = state[f"n{i}"]
        if not near(data, node.data):
            wrong.append((i, "data", data, node.data))
        if not near(grad, node.grad):
            wrong.append((i, "grad", grad, node.grad))
        for k, (x, local) in enumerate(zip(node.args, node.partials)):
            if id(x) in place and not near(state[f"n{i}.{k}"], local):
                args = [getattr(x, "data", x) for x in node.args]
                wrong.append((node.op.name, args, k, state[f"n{i}.{k}"], local))
    return wrong


def arrows(svg):
    """(colour, width) of every arrow."""
    return re.findall(r'<path d="M[^"]*C[^"]*" fill="none" stroke="(#\w+)" stroke-width="([0-9.]+)"', svg)


def labelled(hostile):
    x, w = Value(2.0, hostile), Value(-0.5, hostile + " ")
    y = (x * w).tanh()
    y.label = hostile + "="
    return y


HOSTILE = [
    '"><script>alert(1)</script>', "</script><script>alert(2)</script>", "<!--<script>", "'; alert(3); //",
    "${alert(4)}", "\\u003cimg src=x onerror=alert(5)>", "line\nbreak\u2028\u2029", "a\\", "]]>", "&lt;b&gt;",
    "x" * 10_000, "😀 שלום", '<img src=x onerror="alert(6)">', "\0\x1b\ud800",
]  # fmt: skip


@of_one
def cube(x):
    """A primitive of somebody's own."""
    return x * x * x if x.__class__ is float else operate(cube, x)

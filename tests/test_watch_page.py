"""The page on which a network learns, operated by mouse and by its controls in a real headless Chromium."""

from __future__ import annotations

import random
import re

import pytest
from browser_help import Browser
from player_help import needs_chromium

from micrograd import Trainer, explore, losses, nn, optim
from micrograd.command_line.toy import START, ToyNet
from micrograd.drawing.explorer.page import asset
from micrograd.watch.page import PLAYER, SCRIPTS, own

# Asked again and again until it holds, since the page draws with the next frame.
HELP = """
const page = k => document.querySelectorAll(".micrograd-watch")[k];
const texts = (k, part) => [...page(k).querySelectorAll(part)].map(made => made.textContent);
"""
FRAMES = "for (let k = 0; k < 4; k++) await new Promise(requestAnimationFrame);"


class Watched:
    """One of the pages in a tab."""

    def __init__(self, tab, place):
        self.tab, self.place = tab, place

    def ask(self, expression):
        """What an expression says once the page is drawn."""
        return self.tab.run(f"{HELP}{FRAMES} const k = {self.place}; return {expression};")

    @property
    def state(self):
        """(epoch, first sample of the next step in it, steps, samples)"""
        return tuple(self.ask("['epoch', 'at', 'steps', 'samples'].map(name => Number(page(k).dataset[name]))"))

    @property
    def loss(self):
        return self.ask("texts(k, '.mw-formula b')[0]")

    def tip(self, panel):
        return "".join(self.ask(f"texts(k, '{panel} .mw-tip.mw-on')"))

    def press(self, name):
        self.ask(f"page(k).querySelector('.mw-{name}').click()")

    def box(self, part):
        """(left, top, width, height) of a part, brought into sight."""
        self.ask(f"page(k).querySelector('{part}').scrollIntoView({{ block: 'center' }})")
        corners = f"page(k).querySelector('{part}').getBoundingClientRect()"
        return self.ask(f"(r => [r.x, r.y, r.width, r.height])({corners})")


@pytest.fixture(scope="module")
def pages():
    rng = random.Random(1)
    X = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(12)]
    y = [1.0 if a * b > 0 else -1.0 for a, b in X]
    model = nn.MLP(2, [3, 1], activation="tanh", generator=random.Random(2))
    plane = explore(Trainer(model, losses.logistic, optim.SGD(lr=0.1)), X, y, batch_size=4)
    toy = Trainer(ToyNet(**START), losses.squared_error, optim.SGD(lr=10.0))
    return plane.notebook_html(), explore(toy, [[-1.0], [0.0], [2.0]], [0.5, 0.4, 0.1]).notebook_html()


@pytest.fixture(scope="module")
def tab(pages, tmp_path_factory):
    """Three pages on one: a net on the plane, the toy net, and far below the first once more, in a dark notebook."""
    folder = tmp_path_factory.mktemp("watch")
    plane, toy = pages
    text = '<!DOCTYPE html><meta charset="utf-8">'
    for colour, page in [("black", plane), ("black", toy), ("white", plane)]:
        text += f'<div style="width:1000px;color:{colour};margin-bottom:2000px">{page}</div>'
    (folder / "page.html").write_text(text, encoding="utf-8")
    with Browser(folder) as browser:
        yield browser.open(folder / "page.html")


@pytest.fixture
def plane(tab):
    yield Watched(tab, 0)
    assert tab.errors == []


def test_no_name_stands_twice():
    texts = [asset(f"{file}.js") for file in PLAYER] + [own(f"{file}.js") for file in SCRIPTS]
    lines = [line for text in texts for line in text.splitlines() if line[:1] not in (" ", "/", "}")]
    named = [re.match(r"(?:async )?(?:function|class) (\w+)", line) for line in lines]
    names = [found[1] for found in named if found]
    for line in lines:
        if line.startswith(("const ", "let ")):
            names += re.findall(r"(?:^|, )(\w+) = ", line.split(" ", 1)[1])
    assert len(names) > 100 and {name for name in names if names.count(name) > 1} == set()


@needs_chromium
def test_points_are_added_moved_and_removed(plane):
    left, top, width, _ = plane.box(".mw-stage canvas")
    place, other = (left + width / 2 + 20, top + 40), (left + width / 2 + 60, top + 90)
    assert plane.state == (0, 0, 0, 12)
    before = plane.loss
    plane.tab.click(*place)
    assert plane.state == (0, 0, 0, 13) and plane.loss != before
    assert plane.ask("page(k).querySelector('.mw-graph').hidden")
    plane.tab.click(*place)  # on it
    assert plane.state == (0, 0, 0, 13) and not plane.ask("page(k).querySelector('.mw-graph').hidden")
    plane.tab.drag(*place, *other)
    plane.tab.mouse("Moved", *other)
    assert re.match("sample 13: x = .*class 1", plane.tip(".mw-stage"))
    plane.tab.mouse("Moved", *place)
    assert plane.tip(".mw-stage") == ""
    plane.tab.click(*other, button="right")
    assert plane.state == (0, 0, 0, 12) and plane.loss == before


@needs_chromium
def test_steps_epochs_and_going_back(plane):
    plane.press("reset")
    begun = plane.loss
    plane.press("one-step")
    assert plane.state == (0, 4, 1, 12)
    for _ in range(3):
        plane.press("one-epoch")
    reached = plane.loss
    assert plane.state == (3, 0, 9, 12) and float(reached) < float(begun)
    left, top, width, _ = plane.box(".mw-loss canvas")
    plane.tab.drag(left + width - 9, top + 20, left + 46 + (width - 54) / 20, top + 20)
    assert plane.state == (1, 0, 3, 12)
    plane.ask("(time => { time.value = 3; time.oninput(); })(page(k).querySelector('.mw-time'))")
    assert plane.state == (3, 0, 9, 12) and plane.loss == reached
    plane.press("reset")
    assert plane.state == (0, 0, 0, 12) and plane.loss == begun


@needs_chromium
def test_a_weight_is_dragged(plane):
    left, top, width, height = plane.box(".mw-network canvas")
    begun, x = plane.loss, left + 0.62 * width
    for y in range(int(top) + 20, int(top + height), 8):
        plane.tab.mouse("Moved", x, y)
        if (found := plane.tip(".mw-network")).startswith("w"):
            break
    plane.tab.drag(x, y, x, y - 80)
    texts = found, plane.tip(".mw-network")
    before, after = [float(re.match("w.* = (.*?)∇", text)[1].replace("−", "-")) for text in texts]
    assert after == pytest.approx(before + max(1, abs(before)), abs=0.02) and plane.loss != begun
    plane.press("reset")
    assert plane.loss == begun


@needs_chromium
def test_speeds(plane):
    steps, play = {}, "page(k).querySelector('.mw-play').click()"
    for pace in ("slow", "step", "epoch", "full"):
        choice = "page(k).querySelector('.mw-transport select')"
        plane.ask(f"(pace => {{ pace.value = '{pace}'; pace.onchange(); }})({choice})")
        plane.tab.run(f"{HELP} const k = 0; {play}; {FRAMES} {FRAMES} {play};")
        steps[pace] = plane.state[2]
        plane.press("reset")
    assert 1 <= steps["slow"] < steps["step"] <= 10, steps  # in eight frames; an epoch has three steps
    assert 3 * 5 <= steps["epoch"] <= 3 * 10 < steps["full"] and steps["step"] >= 5, steps


@needs_chromium
def test_descent_begins_where_the_ball_is_put(tab):
    toy = Watched(tab, 1)
    left, top, _, _ = toy.box(".mw-surface canvas")
    begun = toy.loss
    toy.tab.click(left + 100, top + 60)
    put = toy.loss
    toy.press("one-epoch")
    assert toy.loss != put != begun
    toy.press("reset")
    assert (toy.loss, toy.state) == (put, (0, 0, 0, 3))
    toy.press("reset")
    assert toy.loss == begun


@needs_chromium
def test_a_page_out_of_sight_computes_nothing(tab):
    dark = Watched(tab, 2)
    tab.run("scrollTo(0, 0);")
    dark.press("play")
    dark.ask("await new Promise(next => setTimeout(next, 100))")
    assert "steps" not in dark.ask("({...page(k).dataset})")
    dark.box(".mw-loss")
    dark.ask("await new Promise(next => setTimeout(next, 100))")
    dark.press("play")
    assert dark.state[2] > 0 and tab.errors == []


@needs_chromium
def test_light_and_dark_names_and_requests(tab):
    dark = [Watched(tab, k).ask("page(k).classList.contains('mw-dark')") for k in range(3)]
    assert dark == [False, False, True]
    own = "document.querySelectorAll('.mw-top, .mw-top *, .mw-transport *, .mw-story *, .mw-body *')"
    names = tab.run(f"return [...{own}].flatMap(part => [...part.classList]);")
    assert names and {name for name in names if not name.startswith("mw-")} == set()
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []

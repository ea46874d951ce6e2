"""Pictures of graphs: what boxes and arrows say, roles and colours, names, files, notebooks."""

import base64
import html.parser
import re
import shutil
import subprocess
import sys
import types
import xml.etree.ElementTree as ElementTree

import pytest
from drawing_help import SVG, chain, network, parsed, toy

from micrograd import nn
from micrograd.drawing import Picture, draw, draw_dot
from micrograd.drawing.layouts import dot as dot_module
from micrograd.drawing.look import BLUE, BROWN, GREEN, GREY, INK, RED, ROLES, SOFT, WIDEST_EDGE, wrapped
from micrograd.drawing.views.network import tint
from micrograd.drawing.views.reading import read_graph
from micrograd.engine import Value
from micrograd.functions import maximum, where

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
BOTH = pytest.mark.parametrize("layout", ["dot", "own"])


@pytest.fixture
def no_dot(monkeypatch):
    monkeypatch.setenv("PATH", "")


def drawn(value, **options):
    """The boxes, edges and captions of a picture drawn without looking for names."""
    return parsed(draw(value, {}, **options).svg)


def roles_of(value, names=None):
    graph = read_graph(value, names or {})
    return {graph.names.get(i, f"#{i}"): graph.role(i) for i in graph.roles}


@BOTH
def test_toy_net(layout, monkeypatch):
    if layout == "own":
        monkeypatch.setenv("PATH", "")
    boxes, edges, captions = drawn(toy())
    assert boxes["n0"][0] == ["w₁", "0.5", "∇ 0.0835"]
    assert boxes["n2"][0] == ["z = ×", "0.5", "∇ 0.0835"]
    assert boxes["n3"][0] == ["h = σ", "0.622", "∇ 0.355"]
    assert boxes["n6"][0] == ["ŷ = σ", "0.321", "∇ −1.36"]
    assert boxes["n7"][0] == ["y", "1"]  # a target has no gradient to show
    assert boxes["n9"][0] == ["L = ( )²", "0.46", "∇ 1"]
    assert [edges[key][0] for key in ("n2.0", "n2.1", "n3.0", "n5.0", "n5.1", "n6.0", "n9.0")] == [
        ["1"],
        ["0.5"],
        ["0.235"],
        ["0.622"],
        ["−1.2"],
        ["0.218"],
        ["−1.36"],
    ]
    assert captions == [] and len(boxes) == 10 and len(edges) == 9


def test_tooltips_have_full_precision():
    loss = toy()
    boxes, edges, _ = drawn(loss)
    graph = read_graph(loss, {})
    h = graph.nodes[3]
    assert boxes["n3"][1] == f"h = σ(z)\ndata {h.data!r}\n∇ {h.grad!r}\ninner"
    assert edges["n3.0"][1].startswith(f"∂h/∂z = {h.partials[0]!r}\npasses back ")
    assert edges["n3.0"][1].endswith(repr(h.partials[0] * h.grad))


def test_edges_show_size_and_sign_of_the_gradient():
    edges = {edge.key: edge for edge in draw(toy(), {}).diagram.edges}
    assert edges["n9.0"].width == WIDEST_EDGE and edges["n9.0"].colour == RED  # the largest flow, negative
    assert edges["n3.0"].colour == BLUE and edges["n5.0"].colour == RED
    by_flow = sorted([edge for edge in edges.values() if not edge.dashed], key=lambda edge: abs(edge.flow))
    widths = [edge.width for edge in by_flow]
    assert widths == sorted(widths) and widths[0] < widths[-1]
    assert edges["n8.1"].dashed and edges["n8.1"].colour == GREY  # to the target


def test_flow_that_is_zero_or_not_finite():
    x = Value(-1.0, "x")
    dead = x.relu() + 1.0
    dead.backward()
    edge = draw(dead, {}).diagram.edges[0]
    assert edge.flow == 0.0 and edge.colour == GREY
    first = Value(0.0, "y").log() * Value(1.0, "x")
    y = first * Value(float("nan"))
    first.backward()
    colours = {edge.key: (edge.colour, edge.width) for edge in draw(first, {}).diagram.edges}
    assert colours["n1.0"] == (BLUE, WIDEST_EDGE) and colours["n3.1"] == (RED, WIDEST_EDGE)  # ∞ and −∞
    y.backward()
    colours = {edge.key: (edge.colour, edge.width) for edge in draw(y, {}).diagram.edges}
    assert colours["n1.0"] == (BROWN, WIDEST_EDGE)  # nan


def test_before_backward_there_is_no_gradient():
    w, x = Value(0.5, "w"), Value(2.0, "x")
    w.grad = 0.7  # left from another graph
    picture = draw((w * x).tanh(), {})
    assert "∇" not in picture.svg and "∇" not in picture.source and "passes back" not in picture.svg
    assert {edge.colour for edge in picture.diagram.edges} == {GREY}
    assert parsed(picture.svg)[1]["n2.0"][0] == ["2"]  # local derivatives are known at once


def test_only_nodes_that_backward_reached_show_a_gradient():
    x = Value(3.0, "x")
    inner = x * x
    inner.backward()
    boxes, _, _ = drawn(inner + 1.0)
    assert boxes["n2"][0] == ["+ 1", "10"]
    assert boxes["n1"][0] == ["×", "9", "∇ 1"] and boxes["n0"][0] == ["x", "3", "∇ 6"]


def test_a_computed_zero_is_shown():
    x = Value(-2.0, "x")
    y = (x * 3.0).relu() + x
    y.backward()
    boxes, _, _ = drawn(y)
    assert boxes["n1"][0] == ["× 3", "−6", "∇ 0"]


def test_the_picture_is_of_the_moment_of_drawing():
    loss = toy()
    picture = draw(loss, {})
    for node in read_graph(loss, {}).nodes:
        node.grad = node.data = 99.0
    boxes, edges, _ = parsed(picture.svg)
    assert boxes and edges and not any("99" in part for part in re.findall(r">([^<]+)<", picture.svg))


def test_operands_numbers_and_repeated_operands():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    for value, head, labels in [
        (a - b, "−", ["1", "−1"]), (b - a, "−", ["1", "−1"]), (a / b, "÷", ["0.333", "−0.222"]),
        (a * a, "×", ["2", "2"]), (2.0 - a, "2 −", ["−1"]), (a - 2.0, "− 2", ["1"]), (1 / a, "1 ÷", ["−0.25"]),
        (a**3, "( )³", ["12"]), (a**-1, "( )⁻¹", ["−0.25"]), (a**0.5, "( )^0.5", ["0.354"]),
        (2**a, "2^( )", ["2.77"]), (a**b, "xʸ", ["12", "5.55"]), (-a, "−", ["−1"]),
        (maximum(a, 0.5), "max(·, 0.5)", ["1"]), (where(a > b, 7.0, b), "where(·, 7, ·)", ["0", "1"]),
    ]:  # fmt: skip
        boxes, edges, _ = drawn(value)
        last = max(boxes, key=lambda key: int(key[1:]))
        assert boxes[last][0][0] == head
        assert [edges[key][0][0] for key in edges if key.startswith(last + ".")] == labels, head


@BOTH
@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_operand_order_is_kept(layout, direction, monkeypatch):
    if layout == "own":
        monkeypatch.setenv("PATH", "")
    leaves = [Value(1.0, label) for label in "dcba"]
    picture = draw((leaves[0] - leaves[1]) / (leaves[2] - leaves[3]), {}, direction=direction)
    across = 1 if direction == "LR" else 0
    place = {box.lines[0].text: picture.geometry.centres[i][across] for i, box in enumerate(picture.diagram.boxes)}
    assert place["d"] < place["c"] < place["b"] < place["a"]
    along = [picture.geometry.centres[i][1 - across] for i in (0, 2, 6)]
    assert along == sorted(along)


@BOTH
def test_both_edges_of_a_square_are_drawn_apart(layout, monkeypatch):
    if layout == "own":
        monkeypatch.setenv("PATH", "")
    a = Value(3.0, "a")
    geometry = draw(a * a, {}).geometry
    assert len(geometry.routes) == 2
    assert max(abs(p[1] - q[1]) for p, q in zip(*geometry.routes)) > 5.0
    assert geometry.labels[0] != geometry.labels[1]


def test_roles_by_name():
    assert roles_of(toy()) == {"w1": "parameter", "x": "input", "w2": "parameter", "y": "constant", "L": "output"}
    a, b, y = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "y")  # no weights: b is no bias and y no target
    assert set(roles_of(a * b + y).values()) == {"input", "output"}
    assert set(roles_of((a - y) ** 2).values()) == {"input", "output"}


@pytest.mark.parametrize("names", [("w", "b"), ("y", "t"), ("theta", "weight"), ("w1", "kernel"), ("height", "mass")])
def test_inputs_of_a_network_may_be_called_anything(names):
    x, target = [Value(0.5, name) for name in names], Value(1.0, "target")
    named, nameless = [[Value(0.5, label) for label in labels] for labels in (("w_1", "w_2", "bias"), ("", "", ""))]
    outputs = [nn.MLP(2, [3, 1])(x), nn.Neuron(2)(x), *[w1 * x[0] + w2 * x[1] + b for w1, w2, b in (named, nameless)]]
    for output in outputs if names[0] != "w1" else outputs[:1]:
        graph = read_graph((output.tanh() - target) ** 2, {})
        found = {id(node): graph.role(i) for i, node in enumerate(graph.nodes) if node.op is None}
        assert [found.pop(id(leaf)) for leaf in (*x, target)] == ["input", "input", "constant"]
        assert set(found.values()) == {"parameter"}


def test_a_name_alone_makes_no_parameter_and_no_target():
    names = ["w1", "x", "w2", "y", "b"]
    w1, x, w2, y, b = [Value(0.5, name) for name in names]
    value = (w1 * x + w2 * y + b).tanh()
    value.backward()
    assert [roles_of(value)[name] for name in names] == ["parameter", "input", "parameter", "input", "parameter"]
    assert drawn(value)[0]["n4"][0] == ["y", "0.5", f"∇ {y.grad:.3g}"]
    theta, r, weight, height = [Value(0.5, name) for name in ("theta", "r", "weight", "height")]
    assert "parameter" not in [*roles_of(r * theta.cos()).values(), *roles_of(weight / height**2).values()]
    assert roles_of(w1 * (x - y) + b * w2)["y"] == "input"  # subtracted, but then weighted
    assert roles_of((1.0 - y * (w1 * x + b)).relu())["y"] == "constant"  # the hinge
    line = [Value(0.5, "theta0"), Value(0.5, "theta1")]
    found = roles_of((line[0] + line[1] * x - y) ** 2)
    assert [found[name] for name in ("theta0", "theta1", "x", "y")] == ["parameter", "parameter", "input", "constant"]


def test_the_parameters_of_a_model_are_the_only_ones():
    model, w, y = nn.Neuron(2), Value(2.0, "w"), Value(1.0, "y")
    graph = read_graph(w * (model([w, y]) - y), {"model": model})
    assert {graph.names[i] for i, role in graph.roles.items() if role == "parameter"} == {"w1", "w2", "b"}
    assert [graph.roles[i] for i, node in enumerate(graph.nodes) if node in (w, y)] == ["input", "input"]


def test_roles_by_place_in_the_graph():
    w, x, v, b, t = (Value(float(k)) for k in range(5))
    loss = (v * (w * x + b).tanh() - t) ** 2
    graph = read_graph(loss, {})
    found = {id(node): graph.role(i) for i, node in enumerate(graph.nodes)}
    assert [found[id(leaf)] for leaf in (w, x, v, b, t)] == ["parameter", "input", "parameter", "parameter", "constant"]
    w = Value(0.5)
    assert read_graph(w * 2.0 + 1.0, {}).role(0) == "parameter"  # weights on inputs that are plain numbers


def test_parameters_of_a_model_are_known():
    class Neuron:
        w, b = [Value(1.0), Value(2.0)], None

    neuron = Neuron()
    neuron.w = [Value(1.0), Value(2.0)]
    x = [Value(0.1), Value(0.2)]
    graph = read_graph(x[0] * neuron.w[0] + x[1] * neuron.w[1], {"neuron": neuron, "x": x})
    assert {graph.names[i]: role for i, role in graph.roles.items() if i in graph.names} == {
        "x[0]": "input",
        "w1": "parameter",
        "x[1]": "input",
        "w2": "parameter",
    }


def test_names():
    a, b, c = Value(1.0, "label"), Value(2.0), Value(3.0)
    value = a * b + c
    names = {"a": a, "rate": b, "again": b, "xs": {"first": [c]}, "value": value, "n": 3, "_": value}
    graph = read_graph(value, names)
    assert [graph.names.get(i) for i in range(5)] == ["label", "rate", None, "xs['first'][0]", "value"]
    with pytest.raises(TypeError, match="mapping such as locals"):
        draw(value, ["a"])


def test_names_of_parameters_are_unambiguous():
    from micrograd.drawing.views.names import parameter_names
    from micrograd.nn import MLP
    from micrograd.notation.signs import typeset

    shown = [typeset(name) for _, name in parameter_names(MLP(12, [12, 11, 1]))]
    assert len(set(shown)) == len(shown) == 12 * 13 + 11 * 13 + 12
    assert {"w₁₁₁", "w₁,₁₂,₁₁", "b₁₂", "b₁,₁₀"} <= set(shown)


def test_names_of_the_user_in_ipython(monkeypatch):
    b = Value(2.0)
    shell = types.SimpleNamespace(user_ns={"speed": b, "Out": {1: b}, "_1": b})
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert "speed" in draw(b * 2.0).svg and "speed" not in draw(b * 2.0, {}).svg
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))
    assert "speed" not in draw(b * 2.0).svg


def test_a_leaf_alone_is_a_picture():
    boxes, edges, _ = drawn(Value(3.0, "x"))
    assert boxes["n0"][0] == ["x", "3"] and not edges
    assert draw_dot is draw and isinstance(draw(Value(1.0)), Picture)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "said"),
    [
        ((3.0,), {}, TypeError, "got float"),
        (([Value(1.0)],), {}, TypeError, "one by one"),
        ((Value(1.0),), {"view": "best"}, ValueError, "'best'"),
        ((Value(1.0),), {"direction": "RL"}, ValueError, "'RL'"),
    ],
)
def test_bad_arguments(arguments, options, error, said):
    with pytest.raises(error, match=said):
        draw(*arguments, **options)


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """WCAG 2.1 contrast ratio."""
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def test_readable_on_light_and_dark_pages():
    pages = ("#ffffff", "#111111", "#0d1117")
    for colour in (GREY, BLUE, RED, BROWN, GREEN):  # lines on the page
        assert min(contrast(colour, page) for page in pages) > 3.0, colour
    for role, (fill, border, text) in ROLES.items():  # text in boxes, and boxes on the page
        assert contrast(text, fill) > 7.0 and contrast(INK, fill) > 7.0 and contrast(SOFT, fill) >= 4.5, role
        assert min(contrast(border, page) for page in pages) > 3.0, role
    for number in (1.0, -1.0, 0.2):  # the ground of a neuron at work
        assert contrast(INK, tint(number, 1.0)) >= 4.5


@BOTH
@pytest.mark.parametrize("view", ["full", "fused", "collapsed", "network"])
def test_every_text_can_be_read_on_any_page(layout, view, monkeypatch):
    if layout == "own":
        monkeypatch.setenv("PATH", "")
    model, loss = network(3, 4, 2, 1)
    picture = draw(model, [0.1, -2.0, 3.0]) if view == "network" else draw(loss, {}, view=view)
    root, texts = ElementTree.fromstring(picture.svg), 0
    for parent in root.iter():
        behind, grounds = [], []  # rectangles and circles of a group, in the order in which they are drawn
        for shape in parent:
            kind = shape.tag.removeprefix(SVG)
            if kind in ("rect", "circle"):
                x, y, half, tall = [float(shape.get(key, 0.0)) for key in ("x", "y", "width", "height")]
                if kind == "circle":
                    x, y, r = [float(shape.get(key)) for key in ("cx", "cy", "r")]
                    x, y, half, tall = x - r, y - r, 2.0 * r, 2.0 * r
                behind.append((x, y, x + half, y + tall))
                grounds.append(shape.get("fill"))
            if kind == "text":
                x, y = float(shape.get("x")), float(shape.get("y"))
                assert any(x0 <= x <= x1 and y0 <= y - 1.0 <= y1 for x0, y0, x1, y1 in behind[-1:]), shape.text
                for part in [shape, *shape]:
                    assert contrast(part.get("fill"), grounds[-1]) >= 4.5, (part.text, part.get("fill"), grounds[-1])
                    texts += 1
    assert texts > 10


def test_gradients_are_not_written_in_the_colours_of_edges():
    picture = draw(toy(), {})
    inks = {ink for box in picture.diagram.boxes for line in box.lines for text, ink in line.spans if "∇" in text}
    assert inks and not inks & {RED, BLUE}


@needs_dot
def test_small_pictures_are_laid_out_by_dot_and_large_ones_are_not(monkeypatch):
    asked = []
    run = dot_module.run
    monkeypatch.setattr(dot_module, "run", lambda *args: asked.append(args) or run(*args))
    assert len(draw(toy(), {}).svg) > 1000 and len(asked) == 1
    assert len(draw(chain(1000), {}, view="full").svg) > 100_000 and len(asked) == 1


@pytest.mark.parametrize(
    "answer", [b"no json", b"{}", b'{"bb": "0,0,1,1", "objects": []}', OSError(), subprocess.TimeoutExpired("dot", 3)]
)
def test_own_layout_takes_over_where_dot_fails(answer, monkeypatch):
    def run(*args):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(dot_module, "run", run)
    assert len(drawn(toy())[0]) == 10


def test_svg_and_html_need_no_dot(no_dot, tmp_path):
    picture = draw(toy(), {})
    for suffix in ("svg", "html", "dot"):
        picture.save(tmp_path / f"net.{suffix}")
    assert parsed((tmp_path / "net.svg").read_text("utf-8")) == parsed(picture.svg)
    page = (tmp_path / "net.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>") and picture.svg in page
    assert (tmp_path / "net.dot").read_text("utf-8") == picture.source
    for suffix in ("png", "pdf"):
        with pytest.raises(RuntimeError, match="apt install graphviz"):
            picture.save(tmp_path / f"net.{suffix}")
    with pytest.raises(ValueError, match="'net.gif'"):
        picture.save("net.gif")


@needs_dot
def test_in_a_png_boxes_lie_on_the_lines(tmp_path):
    image = pytest.importorskip("matplotlib.image")
    picture = draw(nn.MLP(3, [4, 3]))
    picture.save(tmp_path / "net.png")
    pixels, scale = image.imread(tmp_path / "net.png"), 192 / 72
    pad = (pixels.shape[1] / scale - picture.geometry.width) / 2.0
    for edge in picture.diagram.edges:
        (x, y), (u, v) = [picture.geometry.centres[i] for i in (edge.tail, edge.head)]
        fill = [int(picture.diagram.boxes[edge.head].fill[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
        share = 16.0 / ((x - u) ** 2 + (y - v) ** 2) ** 0.5  # in the circle, on the way to where the weight comes from
        at = [u + (x - u) * share, v + (y - v) * share]
        found = pixels[round((at[1] + pad) * scale), round((at[0] + pad) * scale), :3]
        assert abs(found - fill).max() < 0.02, (edge.tail, edge.head)
    assert pixels[2, 2].tolist() == [1.0] * pixels.shape[2]  # on paper


@needs_dot
def test_a_png_that_would_be_too_long_is_refused(tmp_path):
    picture = draw(chain(150), {}, view="full")
    with pytest.raises(ValueError, match=r"\d\d,\d\d\d pixels long, more than the 30,000.*save it as svg or pdf"):
        picture.save(tmp_path / "chain.png")
    assert not (tmp_path / "chain.png").exists()
    picture.save(tmp_path / "chain.svg")
    assert picture.preview() == {}


@needs_dot
@pytest.mark.parametrize("value", [toy(), network(2, 4, 4, 1)[1], network(2, 3, 1)[0]])
def test_png_and_pdf(value, tmp_path):
    picture = draw(value, None if hasattr(value, "layers") else {})
    picture.save(tmp_path / "net.PNG")
    png = (tmp_path / "net.PNG").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    for got, wanted in ((width, picture.geometry.width), (height, picture.geometry.height)):
        room = 60.0 + wanted / 2.0 if picture.diagram.caption else 2.0  # in any font
        assert wanted - 2.0 < got / 192 * 72 < wanted + room  # nothing is clipped or scaled
    picture.save(str(tmp_path / "net.pdf"))
    assert (tmp_path / "net.pdf").read_bytes()[:5] == b"%PDF-"


@pytest.mark.parametrize(
    "value", [toy(), network(2, 4, 4, 1)[1], network(8, 8, 8, 1)[1], network(2, 3, 1)[0], Value(1.0, "a name " * 9)]
)
def test_texts_fit_in_the_widest_font(value):
    font_manager = pytest.importorskip("matplotlib.font_manager", reason="DejaVu Sans is taken from matplotlib")
    from matplotlib.ft2font import FT2Font

    def measured(line):
        weight = "bold" if line.bold else "normal"
        wanted = font_manager.FontProperties(family="DejaVu Sans", weight=weight)
        font = FT2Font(font_manager.findfont(wanted))
        font.set_size(line.size, 72)
        font.set_text(line.text.replace("∇", "V"))
        return font.get_width_height()[0] / 64.0

    picture = draw(value, None if hasattr(value, "layers") else {})
    for box in picture.diagram.boxes:
        if not box.circle:
            assert max(map(measured, box.lines)) <= box.width, [line.text for line in box.lines]
    wide = float(re.search(r'viewBox="0 0 (\S+) ', picture.svg)[1])
    for line in wrapped(picture.diagram.caption, picture.geometry.width - 12.0):
        assert measured(line) + 6.0 <= wide, line.text


@needs_dot
def test_the_bytes_do_not_depend_on_the_fonts_of_the_machine(tmp_path, monkeypatch):
    values = [toy(), network(8, 8, 8, 1)[1]]
    here = [draw(value, {}).svg for value in values]
    fonts = tmp_path / "fonts.conf"  # a machine without fonts
    fonts.write_text(f"<fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>", encoding="utf-8")
    monkeypatch.setenv("FONTCONFIG_FILE", str(fonts))
    assert [draw(value, {}).svg for value in values] == here


@needs_dot
def test_dot_understands_the_source():
    import json

    for value in (toy(), network(2, 4, 4, 1)[1]):
        picture = draw(value, {})
        answer = subprocess.run(["dot", "-Tjson0"], input=picture.source.encode(), capture_output=True, check=True)
        found = json.loads(answer.stdout)
        boxes = [thing for thing in found["objects"] if not thing["name"].startswith("cluster")]
        assert len(boxes) == len(picture.diagram.boxes) and len(found["edges"]) == len(picture.diagram.edges)
        assert picture.dot.source == picture.source


class Tags(html.parser.HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_notebook_output():
    picture = draw(toy(), {})
    bundle = picture._repr_mimebundle_()
    # nbconvert wants Inkscape for an SVG that has a place of its own, and takes a PNG into LaTeX as it is
    assert set(bundle) == {"text/html", "text/plain"} | ({"image/png"} if shutil.which("dot") else set())
    assert bundle["text/plain"] == "<Picture: Computation graph of L, 10 values>"
    assert picture._repr_mimebundle_(include=["image/svg+xml"]) == {"image/svg+xml": picture.svg}
    assert base64.b64decode(bundle.get("image/png", "iVBORw==")).startswith(b"\x89PNG")
    assert len(bundle.get("image/png", "")) < 60_000
    assert set(picture._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert "text/html" not in picture._repr_mimebundle_(exclude=["text/html"])
    tags = Tags(bundle["text/html"]).found
    image = [attributes for tag, attributes in tags if tag == "img"]
    assert len(image) == 1 and image[0]["style"] == f"max-width:100%;min-width:{0.75 * picture.size[0]:.0f}px"
    data = image[0]["src"].removeprefix("data:image/svg+xml;base64,")
    assert base64.b64decode(data).decode() == picture.svg
    assert {tag for tag, _ in tags} == {"div", "img", "span"}


def test_a_notebook_without_graphviz_shows_its_picture_all_the_same(no_dot):
    assert set(draw(toy(), {})._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_notebook_tooltips_lie_on_their_boxes():
    picture = draw(toy(), {})
    spans = [attributes for tag, attributes in Tags(picture.notebook_html()).found if tag == "span"]
    diagram, geometry = picture.diagram, picture.geometry
    assert len(spans) == len(diagram.boxes) + len(diagram.edges)
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', picture.svg).groups())
    for attributes, box, (x, y) in zip(spans, diagram.boxes, geometry.centres):
        assert attributes["title"] == box.tooltip
        left, top, wide, high = map(float, re.findall(r"([\d.]+)%", attributes["style"]))
        assert (left + wide / 2) / 100 * width == pytest.approx(x, abs=0.3)
        assert (top + high / 2) / 100 * height == pytest.approx(y, abs=0.3)


def test_a_constant_derivative_looks_like_a_constant():
    from micrograd.derivatives import gradient
    from micrograd.formulas import formula

    x, w = Value(3.0, "x"), Value(4.0, "w")
    slope = gradient(2.0 * x, x)
    graph = read_graph(slope * w, {})
    assert [graph.role(i) for i in range(3)] == ["constant", "parameter", "output"]
    boxes, edges, _ = drawn(slope * w)
    assert boxes["n0"][0] == ["2"] and len(edges) == 2
    assert [str(formula(slope, {})), str(formula(slope * w, {}))] == ["2", "2w"]


def test_gradient_graph_is_a_graph_like_any_other():
    from micrograd.derivatives import gradient

    loss = toy()
    nodes = {node.label: node for node in read_graph(loss, {}).nodes}
    slope = gradient(loss, nodes["w1"])
    boxes, edges, _ = drawn(slope)
    assert ["ŷ = σ", "0.321", "∇ −1.36"] in [texts for texts, _ in boxes.values()]  # from the pass on L before
    root = boxes[f"n{len(boxes) - 1}"][0]
    assert root[:2] == ["×", "0.0835"] and len(root) == 2  # no backward from the slope yet
    assert len(edges) == sum(len(node._prev) for node in read_graph(slope, {}).nodes)

"""Views: linear forms found in any graph, layers, what captions say; the neuron diagram; and the own layout."""

import math
import random
import re

import pytest
from drawing_help import chain, network, parsed, tangle, toy

from micrograd import maximum, nn
from micrograd.drawing import draw
from micrograd.drawing.layouts.layered import layered_layout
from micrograd.drawing.views.collapsed import stages_of
from micrograd.drawing.views.forms import find_forms, layers
from micrograd.drawing.views.reading import read_graph
from micrograd.engine import Value, topological


def number(graph, operand):
    return operand if isinstance(operand, float) else graph.nodes[operand].data


def test_full_view_has_every_value_and_every_operand():
    for seed in range(5):
        root = tangle(seed, 40)
        diagram = draw(root, {}, view="full").diagram
        nodes = topological(root)
        assert len(diagram.boxes) == len(nodes)
        operands = [x for node in nodes for x in node.args if isinstance(x, Value)]
        assert [diagram.edges[k].tail for k in range(len(operands))] == [nodes.index(x) for x in operands]


@pytest.mark.parametrize("seed", range(20))
def test_a_form_is_equal_to_its_node(seed):
    graph = read_graph(tangle(seed, 60), {})
    forms = find_forms(graph)
    folded = [i for form in forms.values() for i in form.folded]
    assert len(set(folded)) == len(folded) and not set(folded) & set(forms)
    for i, form in forms.items():
        terms = [number(graph, t.x) * (1.0 if t.factor is None else number(graph, t.factor)) for t in form.terms]
        total = math.fsum(terms + [number(graph, b) for b in form.biases])
        assert total == pytest.approx(graph.nodes[i].data, rel=1e-9, abs=1e-9)


def test_forms_are_found_however_the_sum_is_written():
    w, x, b = [Value(0.5, f"w{i}") for i in range(3)], [Value(2.0, f"x{i}") for i in range(3)], Value(1.0, "b")
    p = [wi * xi for wi, xi in zip(w, x)]
    q = [xi * wi for wi, xi in zip(w, x)]
    for written in (p[0] + p[1] + p[2] + b, b + (p[0] + (p[1] + p[2])), (q[0] + b) + (p[1] + q[2]), sum(p, b)):
        form = find_forms(read_graph(written, {}))[len(topological(written)) - 1]
        assert len(form.terms) == 3 and len(form.biases) == 1 and form.layered and len(form.folded) == 5
    shared = p[0] + p[1]  # used twice, so it keeps a box of its own
    forms = find_forms(read_graph(shared + (shared + b).tanh(), {}))
    assert [len(form.terms) for form in forms.values()] == [2]


def test_quadratic_terms_are_no_linear_form():
    w = [Value(1.0, f"w{i}") for i in range(3)]
    forms = find_forms(read_graph(sum([v * v for v in w]), {}))
    assert [form.layered for form in forms.values()] == [False]


def test_fused_neuron():
    w, x, b = [Value(0.25, "w1"), Value(0.07, "w2")], [Value(1.0, "x1"), Value(-2.0, "x2")], Value(0.5, "b")
    z = w[0] * x[0] + w[1] * x[1] + b
    z.label = "z"
    a = z.relu()
    a.backward()
    boxes, edges, captions = parsed(draw(a, {}, view="fused").svg)
    assert [texts for texts, _ in boxes.values()] == [
        ["x₁", "1", "∇ 0.25"],
        ["x₂", "−2", "∇ 0.07"],
        ["z = Σ w·x + b", "0.61", "b 0.5\u00a0\u00a0 ∇ 1", "∇ 1"],
        ["ReLU", "0.61", "∇ 1"],
    ]
    assert [texts for texts, _ in edges.values()] == [["w₁ 0.25", "∇ 1"], ["w₂ 0.07", "∇ −2"], ["1"]]
    assert " ".join(captions).startswith("10 values in 4 boxes: sums of products are one box each")
    form = [tooltip for texts, tooltip in boxes.values() if texts[0].startswith("z")][0]
    assert form.startswith("z = w₁·x₁ + w₂·x₂ + b\ndata 0.61\n∇ 1.0") and form.endswith("b, data 0.5, ∇ 1.0, parameter")


def test_fused_view_without_anything_to_fold_is_the_full_view():
    x = Value(2.0, "x")
    value = (x * x + 1.0).exp() / x
    full, fused = (draw(value, {}, view=view) for view in ("full", "fused"))
    assert fused.svg == full.svg and not fused.diagram.caption


def test_fused_view_with_inputs_that_are_plain_numbers():
    _, loss = network(2, 4, 1, floats=True)
    diagram = draw(loss, {}, view="fused").diagram
    draws = random.Random(1)  # as in `network`
    numbers = [f"{draws.uniform(-1, 1):.3g}".replace("-", "−") for _ in range(2)]
    assert [box.lines[0].text for box in diagram.boxes if box.role == "constant"] == numbers
    assert [group.title for group in diagram.groups] == ["layer 1", "layer 2"]
    assert len(diagram.boxes) == 2 + 4 + 4 + 1 + 2


def test_layers_of_a_network():
    model, loss = network(3, 5, 4, 1, samples=6)
    graph = read_graph(loss, {})
    layer, _ = layers(graph, find_forms(graph))
    per_sample = [5 * (3 + 3) + 5, 4 * (5 + 5) + 4, 4 + 4]  # products and sums of each neuron, and activations
    assert [layer.count(k) for k in (1, 2, 3)] == [6 * n for n in per_sample] and max(layer) == 3


def test_collapsed_network_with_norms():
    model, loss = network(3, 5, 4, 1, samples=6)
    boxes, edges, captions = parsed(draw(loss, {}, view="collapsed").svg)
    texts = {texts[0]: (texts, tooltip) for texts, tooltip in boxes.values()}
    assert list(texts) == ["inputs", "targets", "layer 1", "layer 2", "layer 3", "loss", "L = ÷ 6"]
    for k, layer in enumerate(model.layers):
        lines, tooltip = texts[f"layer {k + 1}"]
        parameters = layer.parameters()
        weight = math.sqrt(sum(p.data**2 for p in parameters))
        gradient = math.sqrt(sum(p.grad**2 for p in parameters))
        assert f"{len(parameters)} parameters" in lines
        shown = [float(text) for text in re.findall(r"‖ (\S+)$", tooltip, re.M)]
        assert shown == pytest.approx([weight, gradient], rel=1e-12)
        assert any(f"‖w‖ {weight:.3g}" in line for line in lines)
    assert [texts[0] for texts, _ in edges.values()] == ["18", "30", "24", "6", "6", "1"]
    total = len(topological(loss))
    assert " ".join(captions).startswith(f"{total:,} values in 7 boxes: values of a layer are one box")
    held = [re.search(r"^([\d,]+) values$", tooltip, re.M) for _, tooltip in texts.values()]
    assert sum(int(n[1].replace(",", "")) for n in held if n) == total - 1  # the root has its own box


def test_collapsed_edges_are_as_wide_as_the_gradient_that_passes():
    _, loss = network(3, 5, 4, 1, samples=6)
    graph = read_graph(loss, {})
    stages, _ = stages_of(graph)
    diagram = draw(loss, {}, view="collapsed").diagram
    order = sorted(set(stages))
    for edge in diagram.edges:
        if edge.dashed:
            continue
        received = {}
        for i, operands in enumerate(graph.operands):
            for k, j in enumerate(operands):
                if isinstance(j, int) and (stages[j], stages[i]) == (order[edge.tail], order[edge.head]):
                    received[j] = received.get(j, 0.0) + graph.nodes[i].partials[k] * graph.nodes[i].grad
        assert abs(edge.flow) == pytest.approx(math.sqrt(sum(f * f for f in received.values())), rel=1e-12)
    by_flow = sorted([edge for edge in diagram.edges if not edge.dashed], key=lambda edge: abs(edge.flow))
    assert [edge.width for edge in by_flow] == sorted(edge.width for edge in by_flow)


def test_names_of_inputs_change_nothing_but_names():
    texts = []
    for name in ("weight", "mass"):
        model = nn.MLP(2, [3, 1], activation="tanh", generator=random.Random(0))
        loss = (model([Value(1.8, "height"), Value(0.8, name)]) - Value(1.0, "y")) ** 2
        for view in ("fused", "collapsed"):
            boxes, edges, captions = parsed(draw(loss, {}, view=view).svg)
            texts.append(re.sub(r"\bweight\b", "mass", str([*boxes.values(), *edges.values(), captions])))
    assert texts[:2] == texts[2:]


def test_a_penalty_does_not_take_the_weights_out_of_their_layers():
    model, loss = network(2, 3, 1, samples=2)
    loss = loss + 1e-3 * sum([p * p for p in model.parameters()])
    lines = [[line.text for line in box.lines] for box in draw(loss, {}, view="collapsed").diagram.boxes]
    assert [texts[0] for texts in lines] == ["inputs", "targets", "layer 1", "layer 2", "loss", "+"]
    assert "9 parameters" in lines[2] and "4 parameters" in lines[3]


def residual():
    """Two layers with skip connections around them, the outputs halved, a layer behind them, and its loss."""
    first, second = [nn.Layer(2, 2, activation="tanh", generator=random.Random(seed)) for seed in (0, 1)]
    x = [Value(0.1, "x1"), Value(0.2, "x2")]
    h = [a + b for a, b in zip(first(x), x)]
    h = [0.5 * (a + b) for a, b in zip(second(h), h)]
    return (nn.Neuron(2, activation="sigmoid", generator=random.Random(2))(h) - Value(1.0, "y")) ** 2


def test_what_follows_a_layer_is_not_in_it():
    diagram = draw(residual(), {}, view="fused").diagram
    inside = [[diagram.boxes[i].lines[0].text for i in group.members] for group in diagram.groups]
    assert inside == [["Σ w·x + b", "tanh"] * 2] * 2 + [["Σ w·x + b", "σ"]]
    assert [box.lines[0].text for box in diagram.boxes].count("+") == 4


def test_the_collapsed_view_shows_skip_connections():
    diagram = draw(residual(), {}, view="collapsed").diagram
    titles = [box.lines[0].text for box in diagram.boxes]
    assert titles == ["inputs", "y", "layer 1", "after layer 1", "layer 2", "after layer 2", "layer 3", "−", "( )²"]
    arrows = {(titles[edge.tail], titles[edge.head]): edge.lines[0].text for edge in diagram.edges}
    assert arrows["inputs", "after layer 1"] == arrows["after layer 1", "after layer 2"] == "2"
    assert ("inputs", "layer 2") not in arrows and ("after layer 2", "layer 3") in arrows


@pytest.mark.parametrize(
    ("activate", "kept"),
    [
        (lambda z: z * z.sigmoid(), 2),  # made of z in two ways
        (lambda z: 0.5 * z * (1.0 + (z / 2.0).erf()), 5),
        (lambda z: z.relu().tanh(), 2),
        (lambda z: 2.0 * z, 0),
        (lambda z: z.tanh() ** 2, 1),
    ],
)
def test_an_activation_belongs_to_its_layer(activate, kept):
    x = [Value(0.1, "x1"), Value(0.2, "x2")]
    z = nn.Layer(2, 2, activation="linear", generator=random.Random(0))(x)
    out = nn.Neuron(2, activation="linear", generator=random.Random(1))([activate(v) for v in z])
    graph = read_graph((out - 1.0) ** 2, {})
    layer, follows = layers(graph, find_forms(graph))
    assert layer.count(1) == 2 * (4 + kept) and layer.count(2) == 4
    assert [follows[i] for i, node in enumerate(graph.nodes) if node.op and not layer[i]][-2:] == [-1, -1]


def leaky():
    """A sum that goes elsewhere beside its activation, which is made of it in two ways."""
    x1, x2, *w = [Value(0.5, name) for name in ("x1", "x2", "w1", "w2", "w3", "w4")]
    z = w[0] * x1 + w[1] * x2
    return w[2] * maximum(z, 0.5 * z) + w[3] * (z + x1)


@pytest.mark.parametrize("seed", range(10))
def test_collapsed_edges_lead_forward(seed):
    for value in (tangle(seed, 30), tangle(seed, 300), leaky(), residual()):
        graph = read_graph(value, {})
        stages, _ = stages_of(graph)
        assert all(stages[j] <= stages[i] for i, xs in enumerate(graph.operands) for j in xs if isinstance(j, int))


def test_collapsed_without_layers_is_by_depth():
    diagram = draw(chain(1000), {}, view="collapsed").diagram
    titles = [box.lines[0].text for box in diagram.boxes]
    assert titles[0] == "x" and titles[1] == "depth 1–100" and titles[-1] == "tanh" and len(titles) == 12
    assert all(edge.head == edge.tail + 1 for edge in diagram.edges)
    assert "about the same depth" in diagram.caption and "‖" not in diagram.caption


def test_very_deep_networks_share_boxes():
    _, loss = network(1, *[1] * 40)
    titles = [box.lines[0].text for box in draw(loss, {}, view="collapsed").diagram.boxes]
    assert "layers 1–3" in titles and "layer 40" in titles and len(titles) < 22


@pytest.mark.parametrize(("size", "view"), [(60, "full"), (61, "fused"), (150, "fused"), (151, "collapsed")])
def test_auto_chooses_by_size(size, view):
    w, x = Value(1.0, "w"), Value(2.0, "x")
    value = w * x + 1.0
    while len(topological(value)) < size:
        value = value.tanh()
    assert draw(value, {}).svg == draw(value, {}, view=view).svg


def test_a_view_that_would_draw_too_much_says_so():
    value = chain(22_000)
    diagram = draw(value, {}, view="full").diagram
    assert len(diagram.boxes) < 20 and "view='full' draws up to 20,000 values" in diagram.caption


def test_network_diagram():
    model = nn.MLP(2, [4, 3, 1], generator=random.Random(0))
    boxes, edges, captions = parsed(draw(model).svg)
    assert len(boxes) == 2 + 4 + 3 + 1 and captions[0].startswith("2 → 4 → 3 → 1, 31 parameters")
    diagram = draw(model).diagram
    weights = [w.data for layer in model.layers for neuron in layer.neurons for w in neuron.w]
    assert [edge.flow for edge in diagram.edges] == weights
    assert [group.title for group in diagram.groups] == ["input", "layer 1", "layer 2", "output"]
    assert f"\n{weights[0]!r}" in diagram.edges[0].tooltip
    columns = [[draw(model).geometry.centres[i] for i in group.members] for group in diagram.groups]
    assert all(len({x for x, _ in column}) == 1 for column in columns)


def test_network_diagram_at_work():
    model = nn.MLP(2, [3, 1], activation="tanh", generator=random.Random(0))
    x = [0.3, Value(-0.4)]
    picture = draw(model, x)
    values = [float(re.search(r"value (\S+)", box.tooltip)[1]) for box in picture.diagram.boxes]
    hidden = [neuron(x).data for neuron in model.layers[0].neurons]
    assert values == [0.3, -0.4, *hidden, model(x).data]
    with pytest.raises(ValueError, match="a list of 2 inputs, got 3"):
        draw(model, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(("model", "circles"), [(nn.Layer(3, 2), 5), (nn.Neuron(4), 5), (nn.MLP(1, [1]), 2)])
def test_network_diagram_of_parts(model, circles):
    for direction in ("LR", "TB"):
        assert len(draw(model, direction=direction).diagram.boxes) == circles
    assert "value" in draw(model, [0.5] * len(parameters_in(model))).diagram.boxes[-1].tooltip


def parameters_in(model):
    """The weights of the first neuron, one per input."""
    if hasattr(model, "layers"):
        model = model.layers[0]
    return (model.neurons[0] if hasattr(model, "neurons") else model).w


def test_network_diagram_of_wide_layers():
    model = nn.MLP(40, [17, 16, 1], generator=random.Random(0))
    diagram = draw(model).diagram
    texts = [box.lines[0].text for box in diagram.boxes]
    assert texts.count("⋮ 25") == 1 and texts.count("⋮ 2") == 1
    assert [len(group.members) for group in diagram.groups] == [16, 16, 16, 1]
    assert "x₄₀" in texts and "x₈" in texts and "x₉" not in texts
    last = model.layers[0].neurons[16].w[39].data  # from the last input to the last neuron of layer 1
    assert any(edge.flow == last and (edge.tail, edge.head) == (15, 31) for edge in diagram.edges)


def test_a_model_without_weights_is_refused():
    class Empty:
        layers = []

    with pytest.raises(ValueError, match="got Empty without"):
        draw(Empty())


def rectangles(picture, geometry):
    """The rectangles of boxes and of labels."""
    boxes = [(x, y, box.width, box.height) for box, (x, y) in zip(picture.diagram.boxes, geometry.centres)]
    labels = [(x, y, *edge.label_size) for edge, (x, y) in zip(picture.diagram.edges, geometry.labels) if edge.lines]
    return boxes, labels


def overlap(a, b):
    return abs(a[0] - b[0]) < (a[2] + b[2]) / 2 - 0.01 and abs(a[1] - b[1]) < (a[3] + b[3]) / 2 - 0.01


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("value", [toy(), network(2, 4, 4, 1)[1], *[tangle(seed, 40) for seed in range(9)]])
def test_own_layout_keeps_everything_apart_and_inside(value, direction):
    picture = draw(value, {}, direction=direction)
    geometry = layered_layout(picture.diagram)
    boxes, labels = rectangles(picture, geometry)
    everything = boxes + labels
    clashes = [(a, b) for k, a in enumerate(everything) for b in everything[:k] if overlap(a, b)]
    assert clashes == []
    for x, y, w, h in everything:
        assert w / 2 <= x <= geometry.width - w / 2 and h / 2 <= y <= geometry.height - h / 2
    along = 0 if direction == "LR" else 1
    for edge, route, tip in zip(picture.diagram.edges, geometry.routes, geometry.tips):
        tail, head = geometry.centres[edge.tail], geometry.centres[edge.head]
        assert tail[along] < route[0][along] <= route[-1][along] < tip[along] < head[along]


def test_panels_hold_their_layers_and_nothing_else():
    picture = draw(network(2, 4, 4, 1)[1], {})
    geometry = picture.geometry
    for group, (x0, y0, x1, y1) in zip(picture.diagram.groups, geometry.panels):
        for i, (box, (x, y)) in enumerate(zip(picture.diagram.boxes, geometry.centres)):
            if i in group.members:
                assert x0 < x - box.width / 2 and x + box.width / 2 < x1
                assert y0 < y - box.height / 2 and y + box.height / 2 < y1
            else:
                around = (x, y, box.width + 6.0, box.height + 6.0)
                assert not overlap(around, ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0))


def test_own_layout_draws_a_chain_straight():
    value = Value(0.5, "x")
    for _ in range(20):
        value = value.tanh()
    geometry = layered_layout(draw(value, {}).diagram)
    assert len({round(y, 6) for _, y in geometry.centres}) == 1


def test_own_layout_aligns_what_can_be_aligned():
    picture = draw(toy(), {})
    geometry = layered_layout(picture.diagram)
    y = {box.lines[0].text[:1]: geometry.centres[i][1] for i, box in enumerate(picture.diagram.boxes)}
    assert y["z"] == pytest.approx(y["h"], abs=0.1) and y["u"] == pytest.approx(y["ŷ"], abs=0.1)
    assert y["e"] == pytest.approx(y["L"], abs=0.1)


def test_own_layout_enters_boxes_in_the_order_of_the_operands():
    x = [Value(1.0, label) for label in "abcdef"]
    picture = draw((x[3] * x[0] + x[2] * x[5] + x[4] + x[1]) / (x[0] * x[2]), {}, view="fused")
    geometry = layered_layout(picture.diagram)
    entering = {}
    for edge, (_, y) in zip(picture.diagram.edges, geometry.tips):
        entering.setdefault(edge.head, []).append(y)
    assert max(len(ys) for ys in entering.values()) == 4
    for ys in entering.values():
        assert all(b - a > 5.0 for a, b in zip(ys, ys[1:]))


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_boxes_grow_with_the_arrows_that_enter(direction):
    w, x = [Value(1.0, f"w{i}") for i in range(30)], [Value(1.0, f"x{i}") for i in range(30)]
    picture = draw(sum([a * b for a, b in zip(w, x)]), {}, view="fused", direction=direction)
    across = sorted(tip[1 if direction == "LR" else 0] for tip in layered_layout(picture.diagram).tips)
    assert len(across) == 30 and min(b - a for a, b in zip(across, across[1:])) > 7.0


def test_own_layout_does_not_cross_what_need_not_cross():
    leaves = [Value(float(k), f"a{k}") for k in range(8)]
    while len(leaves) > 1:
        leaves = [a * b for a, b in zip(leaves[::2], leaves[1::2])]
    picture = draw(leaves[0], {})
    geometry = layered_layout(picture.diagram)
    heights = [geometry.centres[i][1] for i, box in enumerate(picture.diagram.boxes) if box.role == "input"]
    assert heights == sorted(heights)

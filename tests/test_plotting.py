"""The plots show what was computed, in colours that everybody can tell apart, and leave nothing behind."""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import sys

import pytest

from micrograd import Trainer, Value, losses, nn, optim, sigmoid
from micrograd.training.history import History, Record
from micrograd.training.objectives import Eager

matplotlib = pytest.importorskip("matplotlib", reason="needs matplotlib")
np = pytest.importorskip("numpy", reason="needs numpy")
matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402
from matplotlib.colors import same_color, to_hex, to_rgb  # noqa: E402

from micrograd import plotting  # noqa: E402
from micrograd.drawing.look import INK  # noqa: E402
from micrograd.plotting import plot_decision_boundary, plot_history, plot_loss_surface  # noqa: E402
from micrograd.plotting.classifiers import predictor  # noqa: E402
from micrograd.plotting.figures import expect_format, image, inline_svg  # noqa: E402
from micrograd.plotting.style import CLASSES, MARKERS  # noqa: E402
from micrograd.plotting.surface import levels_between, loss_surface  # noqa: E402

CORNERS = [[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]]


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """No setting of matplotlib is changed; figures are closed."""
    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before
    pyplot.close("all")


def records(count, *, validation=None, metric=None):
    figures = [(metric and metric(i), validation and validation(i)) for i in range(count)]
    return History([Record(i + 1, 10.0 / (i + 1), *figure) for i, figure in enumerate(figures)])


def drawn(ax, label):
    """The points of the line with this label."""
    [line] = [line for line in ax.lines if line.get_label() == label]
    return np.array(line.get_data()).T


def saved(ax, tmp_path):
    path = tmp_path / "plot.png"
    ax.figure.savefig(path)
    return path.read_bytes()


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


# The history


def test_history_draws_every_epoch(tmp_path):
    history = records(30, validation=lambda i: 1.0 + (i - 20) ** 2, metric=lambda i: i / 30)
    ax = history.plot()
    assert drawn(ax, "training").tolist() == [[r.epoch, r.loss] for r in history]
    assert drawn(ax, "validation").tolist() == [[r.epoch, r.validation] for r in history]
    assert drawn(ax, "least, epoch 21").tolist() == [[21, 1.0]]
    [beside] = [other for other in ax.figure.axes if other is not ax]
    assert drawn(beside, "metric (right)").tolist() == [[r.epoch, r.metric] for r in history]
    assert (ax.get_xlabel(), ax.get_ylabel(), beside.get_ylabel()) == ("epoch", "mean loss", "mean metric")
    assert ax.get_yscale() == "log" and beside.get_yscale() == "linear"
    assert texts(ax.get_legend()) == ["training", "validation", "least, epoch 21", "metric (right)"]
    assert saved(ax, tmp_path).startswith(b"\x89PNG")


def test_history_of_the_loss_alone_has_one_line_and_no_legend():
    ax = plot_history(records(5))
    assert len(ax.lines) == 1 and ax.get_legend() is None and ax.figure.axes == [ax]
    assert ax.get_yscale() == "linear"  # 10 to 2 is less than a factor of 10
    assert plot_history(records(5), log=True).get_yscale() == "log"
    assert plot_history(records(30), log=False).get_yscale() == "linear"


def test_history_with_validation_in_some_epochs_only():
    history = records(4) + records(4, validation=lambda i: 2.0 - i / 4)
    points = drawn(plot_history(History(history)), "validation")
    assert np.isnan(points[:4, 1]).all() and points[4:, 1].tolist() == [2.0, 1.75, 1.5, 1.25]


def test_history_of_one_epoch_is_seen():
    assert plot_history(records(1)).lines[0].get_marker() == "o"


def test_history_that_is_none():
    with pytest.raises(ValueError, match="at least one epoch, got an empty one: call fit first"):
        plot_history(History())
    with pytest.raises(TypeError, match="expected a history"):
        plot_history(3.0)
    with pytest.raises(TypeError, match="expected ax to be matplotlib Axes"):
        plot_history(records(2), ax="here")


def test_the_axes_given_are_drawn_on():
    figure, (left, right) = pyplot.subplots(1, 2)
    assert plot_history(records(3), right) is right and not left.lines
    assert pyplot.get_fignums() == [figure.number]


# The decision boundary


def line(row):
    """Positive on the right of x₁ = 0.5 + x₂/4."""
    return Value(3.0) * (row[0] - 0.5 - 0.25 * row[1])


def boundary_of(ax):
    """The points of all lines between classes."""
    found = [path.vertices for collection in contour_sets(ax) for path in collection.get_paths() if len(path.vertices)]
    return np.concatenate(found)


def contour_sets(ax):
    from matplotlib.contour import ContourSet

    return [child for child in ax.get_children() if isinstance(child, ContourSet)]


def branching(row):
    """The same line by code that cannot be compiled."""
    return line(row) if line(row).data > -1e9 else Value(0.0)


@pytest.mark.parametrize("model", [line, branching, lambda row: [line(row)]], ids=["compiled", "eager", "in a list"])
def test_the_boundary_is_where_the_sign_changes(model):
    ax = plot_decision_boundary(model, CORNERS, [-1, -1, 1, 1])
    points = boundary_of(ax)
    assert len(points) > 50
    assert points[:, 0] == pytest.approx(0.5 + points[:, 1] / 4, abs=1e-12)
    assert (points[:, 1].min(), points[:, 1].max()) == pytest.approx((-0.2, 2.2))  # the data, and a tenth around


def test_the_ground_is_the_output_of_the_model():
    model = nn.MLP(2, [5, 1], activation="tanh", generator=random.Random(3))
    ax = plot_decision_boundary(model, CORNERS, [0, 1, 1, 0], resolution=11, threshold=0.25)
    [image] = ax.images
    left, right, bottom, top = image.get_extent()
    assert image.origin == "lower" and (left, right) == (bottom, top) == pytest.approx((-0.2 - 0.12, 2.2 + 0.12))
    x = np.linspace(-0.2, 2.2, 11)
    expected = [[model([x1, x2]).data for x1 in x] for x2 in x]
    assert np.asarray(image.get_array()) == pytest.approx(np.array(expected), abs=1e-12)
    low, high = image.get_clim()
    assert (low + high) / 2 == pytest.approx(0.25)
    assert ax.get_xlim() == ax.get_ylim() == pytest.approx((-0.2, 2.2))


def test_models_of_every_kind_give_the_same():
    model = nn.MLP(2, [4, 1], activation="tanh", generator=random.Random(1))
    from micrograd import compile

    X, y = CORNERS, [-1, 1, 1, -1]
    eager, fitted = [Trainer(model, losses.hinge, optim.SGD(lr=1e-300), backend=b) for b in ("eager", "auto")]
    eager.fit(X, y, epochs=1)
    fitted.fit(X, y, epochs=1)
    new = Trainer(model, losses.hinge, optim.SGD(lr=1e-300))
    rows = np.array([[0.1, 0.2], [1.0, -3.0], [5.0, 2.0]])
    expected = np.array([[model(row).data] for row in rows.tolist()])
    for one in (model, lambda row: model(row), compile(model, 2), eager, fitted, new, lambda row: model(row).data):
        assert predictor(one)(rows) == pytest.approx(expected, abs=1e-14)


def test_what_runs_as_plain_code_is_compiled_for_a_picture(monkeypatch):
    model = nn.MLP(2, [4, 1], generator=random.Random(1))
    eager = Trainer(model, losses.hinge, optim.SGD(lr=1e-300), backend="eager")
    eager.fit(CORNERS, [-1, 1, 1, -1], epochs=1)
    monkeypatch.setattr(Trainer, "predict", lambda trainer, X: pytest.fail("one sample after the other"))
    assert predictor(eager)(np.array([[0.1, 0.2]])) == pytest.approx(model([0.1, 0.2]).data, abs=1e-14)


def test_a_model_with_several_outputs_answers_the_largest():
    centres = [(0.0, 0.0), (2.0, 0.0), (1.0, 2.0)]

    def nearest(row):
        return [-((row[0] - Value(a)) ** 2) - (row[1] - b) ** 2 for a, b in centres]

    ax = plot_decision_boundary(nearest, [*centres, (1.0, 0.9)], [0, 1, 2, 0], resolution=41)
    colours = ax.images[0].get_array()
    x1, x2 = np.linspace(-0.2, 2.2, 41), np.linspace(-0.2, 2.2, 41)
    for row, column in itertools.product(range(0, 41, 4), repeat=2):
        distances = [math.dist((x1[column], x2[row]), centre) for centre in centres]
        tint = 1.0 - colours[row, column]
        if sorted(distances)[1] - min(distances) > 1e-9:
            expected = 1.0 - np.array(to_rgb(CLASSES[distances.index(min(distances))]))
            assert np.cross(tint, expected) == pytest.approx(np.zeros(3), abs=1e-12)  # paler, the same hue
    points = boundary_of(ax)
    two = np.sort([[math.dist(point, centre) for centre in centres] for point in points.tolist()], 1)
    assert abs(two[:, 0] - two[:, 1]).max() < 0.05  # of a spacing of 0.06
    assert texts(ax.get_legend()) == ["class 0", "class 1", "class 2", "boundary", "wrong: 1 of 4"]


def test_classes_have_their_colour_and_marker_and_mistakes_a_dark_edge():
    ax = plot_decision_boundary(line, CORNERS, [-1, 1, 1, 1])
    points = [c for c in ax.collections if c not in contour_sets(ax) and len(c.get_offsets())]
    found = {tuple(map(tuple, c.get_offsets().tolist())): c for c in points}
    assert set(found) == {((0.0, 0.0),), ((2.0, 0.0), (2.0, 2.0)), ((0.0, 2.0),)}
    red, blue, wrong = found[((0.0, 0.0),)], found[((2.0, 0.0), (2.0, 2.0))], found[((0.0, 2.0),)]
    assert same_color(red.get_facecolor()[0], CLASSES[0]) and same_color(blue.get_facecolor()[0], CLASSES[1])
    assert same_color(wrong.get_facecolor()[0], CLASSES[1])
    assert same_color(red.get_edgecolor()[0], "white") and not same_color(wrong.get_edgecolor()[0], "white")
    assert texts(ax.get_legend()) == ["class −1", "class 1", "output = 0", "wrong: 1 of 4"]


@pytest.mark.parametrize("kinds", [["no", "yes"], ["cat", "dog", "emu"], [3, 5, 9]])
@pytest.mark.parametrize("offers", ["decision_function", "predict_proba", "predict"])
def test_classes_of_classifiers_are_called_as_they_are(kinds, offers):
    kinds = np.array(kinds)

    class Model:
        classes_ = kinds

        def predict(self, rows):
            return kinds[np.clip(rows[:, 0], 0, len(kinds) - 1).round().astype(int)]

    def score(rows):
        return -abs(rows[:, :1] - range(len(kinds)))

    if offers == "predict_proba":
        Model.predict_proba = staticmethod(score)
    elif offers == "decision_function":
        Model.decision_function = staticmethod(lambda rows: rows[:, 0] - 0.5 if len(kinds) == 2 else score(rows))
    y = [kinds[0], kinds[-1], kinds[1], kinds[0]]
    legend_texts = texts(plot_decision_boundary(Model(), [[0, 0], [2, 2], [1, 0], [2, 0]], y).get_legend())
    shown = [kind if isinstance(kind, str) else f"class {kind}" for kind in kinds.tolist()]
    boundary = "output = 0" if offers == "decision_function" and len(kinds) == 2 else "boundary"
    assert legend_texts == [*shown, boundary, "wrong: 1 of 4"]
    with pytest.raises(ValueError, match=f"expected y of the model's classes {kinds.tolist()[0]!r}, .*got 'x'"):
        plot_decision_boundary(Model(), CORNERS, ["x"] * 4)


def test_classes_may_be_text_for_models_of_ones_own():
    names = texts(plot_decision_boundary(line, CORNERS, ["in", "out", "out", "out"]).get_legend())
    assert names == ["in", "out", "output = 0", "wrong: 1 of 4"]  # the upper class is the last of the alphabet
    with pytest.raises(ValueError, match="expected y of 2 classes, as many as the model parts, got 3: 'a', 'b', 'c'"):
        plot_decision_boundary(line, CORNERS, ["a", "b", "c", "c"])
    with pytest.raises(TypeError, match="expected a number"):
        plot_decision_boundary(line, CORNERS, ["a", 1, None, 2])


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_legends_can_be_read_in_every_style(style):
    with pyplot.style.context(style):
        box = plot_decision_boundary(line, CORNERS, [-1, 1, 1, 1]).get_legend()
        assert same_color(box.get_frame().get_facecolor(), "white") and box.get_frame().get_alpha() == 1.0
        assert {to_hex(text.get_color()) for text in box.get_texts()} == {INK}
        history = plot_history([Record(1, 2.0, 1.5, 0.5), Record(2, 1.0, 1.0, 0.75)])
        right = [ax for ax in history.figure.axes if ax is not history][0]
        assert same_color(right.yaxis.label.get_color(), pyplot.rcParams["axes.labelcolor"])


def test_a_class_that_is_wrong_throughout_is_in_the_legend():
    names = texts(plot_decision_boundary(line, CORNERS, [1, 1, -1, -1]).get_legend())
    assert names == ["class −1", "class 1", "output = 0", "wrong: 4 of 4"]


def threshold_of(model, y, **options):
    ax = plot_decision_boundary(model, CORNERS, y, **options)
    [name] = [name for name in texts(ax.get_legend()) if name.startswith("output = ")]
    return name.removeprefix("output = ")


def test_the_threshold_follows_from_classes_and_loss():
    def logistic(row):
        return sigmoid(line(row))

    assert threshold_of(line, [-1, -1, 1, 1]) == "0"
    assert threshold_of(line, [0, 0, 1, 1]) == "0"  # a logit: its outputs leave 0 … 1
    assert threshold_of(logistic, [0, 0, 1, 1]) == "0.5"
    assert threshold_of(line, [3, 3, 4, 4], threshold=0.125) == "0.125"

    def trained(loss):
        return Trainer(line, loss, optim.SGD(lr=0.1), parameters=[Value(0.0)])

    assert threshold_of(trained(losses.binary_cross_entropy), [0, 0, 1, 1]) == "0"
    assert threshold_of(trained(losses.squared_error), [0, 0, 1, 1]) == "0.5"
    assert threshold_of(trained(losses.squared_error), [3, 3, 4, 4]) == "3.5"

    @losses.prepared_by(lambda target, outputs: float(target), of_logit=True)
    def squared_logit(prediction, target):
        return (prediction - target) ** 2

    assert threshold_of(trained(squared_logit), [0, 0, 1, 1]) == "0"

    class Classifier:
        def decision_function(self, X):
            return np.full(len(X), 0.75)

    assert threshold_of(Classifier(), [3, 3, 4, 4]) == "0"
    with pytest.raises(ValueError, match="got 3 and 4: give threshold="):
        plot_decision_boundary(line, CORNERS, [3, 3, 4, 4])


def test_one_class_or_one_sample_is_drawn():
    assert texts(plot_decision_boundary(line, CORNERS, [1] * 4).get_legend())[0] == "class 1"
    assert texts(plot_decision_boundary(line, [[1.0, 1.0]], [-1]).get_legend())[0] == "class −1"
    assert threshold_of(lambda row: Value(1.0) + 0.0 * row[0], [-1, -1, 1, 1]) == "0"  # no boundary at all


def test_outputs_that_are_no_numbers_leave_a_gap(tmp_path):
    ax = plot_decision_boundary(lambda row: (row[0] - Value(1.0)).sqrt(), CORNERS, [-1, -1, 1, 1])
    assert np.ma.getmaskarray(ax.images[0].get_array()).mean() == pytest.approx(0.5, abs=0.02)
    saved(ax, tmp_path)


def test_columns_of_a_frame_name_the_axes():
    class Frame:
        columns = ("width ($)", "price ($)")

        def to_numpy(self):
            return np.array(CORNERS)

    ax = plot_decision_boundary(line, Frame(), [-1, -1, 1, 1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width ($)", "price ($)")
    ax.figure.canvas.draw()
    ax = plot_decision_boundary(line, CORNERS, [-1, -1, 1, 1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x₁", "x₂")


@pytest.mark.parametrize(
    "X, y, options, error",
    [
        ([[1.0, 2.0, 3.0]], [1], {}, r"expected X of shape \(samples, 2\), got \(1, 3\)"),
        ([[1.0, math.nan]], [1], {}, r"X\[0\]\[1\]: expected finite numbers"),
        ([], [], {}, "expected X of shape|at least one sample"),
        (CORNERS, [1, -1], {}, "one class per sample, got 4 samples and 2 classes"),
        (CORNERS, [1, 2, 3, 1], {}, "expected y of two classes for a model with one output, got 3 of them"),
        (CORNERS, [1, 1, -1, -1], {"resolution": 1}, "expected resolution to be a whole number of at least 2"),
        (CORNERS, [1, 1, -1, -1], {"resolution": 6.5}, "expected resolution to be a whole number of at least 2"),
    ],
)
def test_bad_samples_and_classes(X, y, options, error):
    with pytest.raises(ValueError, match=error):
        plot_decision_boundary(line, X, y, **options)


def test_bad_models_and_classes_of_several():
    with pytest.raises(TypeError, match="expected a model: .* got 3.0"):
        plot_decision_boundary(3.0, CORNERS, [1, 1, -1, -1])
    with pytest.raises(ValueError, match="MLP expects 3 inputs, got 2"):
        plot_decision_boundary(nn.MLP(3, [1]), CORNERS, [1, 1, -1, -1])

    def two(row):
        return [line(row), -line(row)]

    with pytest.raises(ValueError, match="classes from 0 to 1"):
        plot_decision_boundary(two, CORNERS, [-1, -1, 1, 1])
    with pytest.raises(ValueError, match="expected no threshold for a model with 2 outputs"):
        plot_decision_boundary(two, CORNERS, [0, 0, 1, 1], threshold=0.5)
    ax = plot_decision_boundary(two, CORNERS, [[0, 1], [0, 1], [1, 0], [1, 0]])  # a number per class
    assert not any("wrong" in name for name in texts(ax.get_legend()))


# The loss surface


def toy(backend="auto"):
    w1, w2 = Value(0.5, "w1"), Value(-1.2, "w2")
    trainer = Trainer(
        lambda row: sigmoid(w2 * sigmoid(w1 * row[0])),
        losses.squared_error,
        optim.SGD(lr=3.0),
        parameters=[w1, w2],
        penalty=losses.l2(1e-3),
        backend=backend,
    )
    X = [i / 5 - 4 for i in range(41)]
    y = [sigmoid(-3.0 * sigmoid(1.5 * x)) for x in X]
    return trainer, X, y, w1, w2


def mean_loss(X, y, w1, w2):
    return sum((sigmoid(w2 * sigmoid(w1 * x)) - t) ** 2 for x, t in zip(X, y)) / len(X) + 1e-3 * (w1**2 + w2**2)


@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_the_lines_stand_where_the_loss_has_their_value(backend):
    trainer, X, y, w1, w2 = toy(backend)
    ax = plot_loss_surface(trainer, X, y, w1, w2, across=(0.2, 2.0), up=(-4.0, -1.0), resolution=31)
    bands, lines = contour_sets(ax)
    assert bands.filled and not lines.filled and list(bands.levels) == list(lines.levels)
    low, high = mean_loss(X, y, 1.2, -2.6), mean_loss(X, y, 0.2, -1.0)
    assert len(lines.levels) >= 6 and low / 2 < lines.levels[0] and lines.levels[-1] < 2 * high
    checked = 0
    for level, path in zip(lines.levels, lines.get_paths()):
        for a, b in path.vertices[::5].tolist():
            assert mean_loss(X, y, a, b) == pytest.approx(level, rel=0.03)  # straight between points of the grid
            checked += 1
    assert checked > 40
    assert (w1.data, w2.data) == (0.5, -1.2)


def test_the_surface_is_the_objective():
    trainer, X, y, w1, w2 = toy()
    trainer.evaluate(X, y)
    for objective in (trainer.objective, Eager(trainer.model, trainer.loss, [w1, w2], trainer.penalty)):
        batch, across, up = objective.batch(X, y), np.array([-2.0, 1.0]), np.array([0.0, 0.5, 2.0])
        surface = loss_surface(objective, batch, [1, 0], across, up)
        expected = [[mean_loss(X, y, a, b) for b in (-2.0, 1.0)] for a in (0.0, 0.5, 2.0)]
        assert surface == pytest.approx(np.array(expected), rel=1e-12)


def test_the_path_is_drawn_with_start_and_end(tmp_path):
    trainer, X, y, w1, w2 = toy()
    path = [(w1.data, w2.data)]
    path += [(w1.data, w2.data) for _ in trainer.epochs(X, y, epochs=20)]
    ax = plot_loss_surface(trainer, X, y, w1, w2, path)
    steps, dots, start, end = [np.array(line.get_data()).T.tolist() for line in ax.lines]
    assert steps == dots == [list(pair) for pair in path]
    assert start == [list(path[0])] and end == [list(path[-1])]
    assert [text.get_text() for text in ax.texts if text.get_text() in ("start", "end")] == ["start", "end"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("w₁", "w₂", "mean loss")
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert all(left < a < right and bottom < b < top for a, b in path)
    assert saved(ax, tmp_path).startswith(b"\x89PNG")


def test_without_a_path_the_present_place_is_marked():
    trainer, X, y, w1, w2 = toy()
    ax = plot_loss_surface(trainer, X, y, w1, w2)
    [mark] = ax.lines
    assert np.array(mark.get_data()).ravel().tolist() == [0.5, -1.2]
    assert "now" in [text.get_text() for text in ax.texts]
    assert ax.get_xlim() == pytest.approx((-0.5, 1.5)) and ax.get_ylim() == pytest.approx((-2.2, -0.2))


def test_two_of_many_parameters_and_an_objective_alone():
    model = nn.MLP(1, [3, 1], activation="tanh", generator=random.Random(0))
    objective = Eager(model, losses.squared_error, model.parameters())
    w1, w2 = model.parameters()[0], model.layers[1].neurons[0].b
    w2.label = ""
    ax = plot_loss_surface(objective, [0.0, 1.0], [1.0, 0.0], w1, w2, resolution=5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("w₁₁₁", "parameter 10")
    trainer = Trainer(model, losses.squared_error, optim.SGD())  # and data that are read once
    ax = plot_loss_surface(trainer, iter([0.0, 1.0]), iter([1.0, 0.0]), w1, w2, resolution=5)
    assert ax.get_ylabel() == "parameter 10"


def test_losses_that_overflow_leave_a_gap():
    w1, w2 = Value(1.0, "w1"), Value(1.0, "w2")
    objective = Eager(lambda row: w1.log() * row[0] + w2, losses.squared_error, [w1, w2])
    ax = plot_loss_surface(objective, [1.0], [0.0], w1, w2, across=(-1.0, 1.0), up=(0.5, 1.5), resolution=9)
    lines = contour_sets(ax)[1]
    assert min(path.vertices[:, 0].min() for path in lines.get_paths() if len(path.vertices)) > 0.0
    with pytest.raises(ValueError, match="finite somewhere in the span"):
        plot_loss_surface(objective, [1.0], [0.0], w1, w2, across=(-2.0, -1.0), up=(0.5, 1.5), resolution=9)


@pytest.mark.parametrize("low, high", [(0.003, 0.4), (1e-12, 1e6), (0.9, 1.1), (0.0, 3.0), (-5.0, 2.0), (0.02, 0.3),
                                       (1e-300, 1e300), (1e-4, 1e-3), (1.0, 1.0 + 1e-9)])  # fmt: skip
def test_levels_are_few_sorted_and_inside(low, high):
    levels = levels_between(low, high)
    assert 5 <= len(levels) <= 14 and levels == sorted(set(levels))
    assert low < levels[0] and levels[-1] < high


def test_a_flat_loss_is_drawn():
    w1, w2 = Value(1.0, "w1"), Value(1.0, "w2")
    flat = Eager(lambda row: 0.0 * (w1 + w2) + row[0], losses.squared_error, [w1, w2])
    for X in ([0.0], [1.0]):
        ax = plot_loss_surface(flat, X, [0.0], w1, w2, resolution=5)
        ax.figure.canvas.draw()
        assert len(ax.lines) == 1


def test_bad_parameters_and_paths():
    trainer, X, y, w1, w2 = toy()
    with pytest.raises(TypeError, match="expected a parameter, a Value, got 0.5"):
        plot_loss_surface(trainer, X, y, 0.5, w2)
    with pytest.raises(ValueError, match="expected one of the 2 parameters of the training"):
        plot_loss_surface(trainer, X, y, w1, Value(1.0))
    with pytest.raises(ValueError, match="expected two different parameters"):
        plot_loss_surface(trainer, X, y, w1, w1)
    for path in ([], [1.0, 2.0], [(1.0, 2.0, 3.0)]):
        with pytest.raises(ValueError, match="expected a path of pairs"):
            plot_loss_surface(trainer, X, y, w1, w2, path)
    with pytest.raises(ValueError, match=r"path\[0\]\[1\]: expected finite numbers"):
        plot_loss_surface(trainer, X, y, w1, w2, [(0.0, math.inf)])
    for span in ((1.0, 1.0), (2.0, 1.0), (0.0, math.inf)):
        with pytest.raises(ValueError, match="expected a span of two finite numbers"):
            plot_loss_surface(trainer, X, y, w1, w2, across=span)
    with pytest.raises(ValueError, match="samples and 2 targets"):
        plot_loss_surface(trainer, X, [1.0, 2.0], w1, w2)
    with pytest.raises(TypeError, match="expected a Trainer"):
        plot_loss_surface(3.0, X, y, w1, w2)


def test_an_error_opens_no_figure():
    before = pyplot.get_fignums()
    for call in (
        lambda: plot_history(History()),
        lambda: plot_decision_boundary(line, [[1.0]], [1]),
        lambda: plot_loss_surface(3.0, [1.0], [1.0], Value(1.0), Value(1.0)),
    ):
        with pytest.raises((TypeError, ValueError)):
            call()
    assert pyplot.get_fignums() == before


# Colours


# How full protanopes and deuteranopes see linear RGB: Machado, Oliveira and Fernandes 2009, table for severity 1.0.
SIGHT = {
    "full": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def lab(colour, sight):
    """CIELAB (D65) of an sRGB colour as somebody with this sight sees it."""
    c = np.array(to_rgb(colour))
    linear = np.clip(np.array(sight) @ np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4), 0, 1)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    x, y, z = np.cbrt(np.array(to_xyz) @ linear / (0.95047, 1.0, 1.08883))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT.values(), ids=SIGHT)
def test_classes_are_told_apart_by_everybody(sight):
    seen = [lab(colour, sight) for colour in CLASSES]
    distances = {(i, j): np.linalg.norm(seen[i] - seen[j]) for i, j in itertools.combinations(range(len(seen)), 2)}
    assert min(distances.values()) > 15  # 2.3 is just noticeable
    assert distances[0, 1] > 60  # the usual two
    assert len(set(MARKERS)) == len(CLASSES) == 10
    assert min(lab("#ffffff", sight)[0] - colour[0] for colour in seen) > 15  # none is pale on pale


# Predictions, and figures for files and pages


def test_predictions_stand_above_their_targets():
    ax = plotting.plot_predictions([1.5, math.inf, 3.0, 0.5], [1.0, 2.0, 4.0, math.nan])
    assert ax.collections[0].get_offsets().tolist() == [[1.0, 1.5], [4.0, 3.0]]
    [agreed] = ax.lines
    assert agreed.get_xdata().tolist() == agreed.get_ydata().tolist() == [1.0, 4.0]
    for wrong in (([1.0], [1.0, 2.0]), ([math.nan], [1.0]), ([[1.0]], [[1.0]])):
        with pytest.raises(ValueError, match="expected"):
            plotting.plot_predictions(*wrong)


def test_a_confusion_counts_rows_of_true_classes():
    ax = plotting.plot_confusion(["b", "b", "a", "$"], ["a", "b", "a", "b"], ["a", "b", "$"])
    assert [text.get_text() for text in ax.texts] == ["1", "1", "", "", "1", "1", "", "", ""]
    assert ax.images[0].get_array().tolist() == [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 0.0]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "$"]
    for wrong in ((["c"], ["a"]), (["a"], []), ([], [])):
        with pytest.raises(ValueError, match="expected a prediction per target"):
            plotting.plot_confusion(*wrong, ["a", "b"])


def test_figures_are_written_without_pyplot_and_the_same_each_time():
    panels = [lambda ax: plot_history(records(5), ax), lambda ax: plotting.plot_predictions([1.0, 2.0], [1.0, 2.5], ax)]
    assert image(panels, "png").startswith(b"\x89PNG") and not pyplot.get_fignums()
    assert expect_format("a.b/plot.SVG") == "svg"
    with pytest.raises(ValueError, match="expected a path that ends in .png"):
        expect_format("plot.txt")

    def hostile(ax):
        ax.set_xlabel("</svg><script>名$x$", parse_math=False)

    svg = inline_svg(hostile, "a")
    assert svg == inline_svg(hostile, "a") and svg.startswith("<svg ") and "#000000" not in svg
    assert "&lt;/svg&gt;&lt;script&gt;名$x$" in svg and "<script" not in svg


# Without matplotlib


def test_without_matplotlib_the_error_names_the_cure():
    code = """
import sys
sys.modules["matplotlib"] = None
from micrograd.training.history import History, Record
try:
    History([Record(1, 1.0, None)]).plot()
except ImportError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "plots need matplotlib" in run.stdout and "pip install -e '.[plot]'" in run.stdout


def test_importing_the_room_loads_no_matplotlib():
    code = "import sys, micrograd.plotting; print([name for name in ('matplotlib', 'numpy') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

"""Checkpoints: bit for bit, whole or not at all, one clear error for anything else; killed trainings lose nothing."""

import json
import math
import random
import signal
import subprocess
import sys
import time
import warnings

import pytest
from checkpoint_help import data, trainer_for

from micrograd import Trainer, Value, losses, nn, optim
from micrograd.training.checkpoints import CheckpointError, names_of, read

BACKENDS = ["eager", "numpy", "llvm"]
SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from checkpoint_help import data, trainer_for
trainer = trainer_for({backend!r})
trainer.fit(*data(), epochs=60, batch_size=8, seed=3, checkpoint={path!r})
print(repr([p.data for p in trainer.parameters]))
"""


def needed(backend):
    if backend != "eager":
        pytest.importorskip("numpy")
    if backend == "llvm":
        pytest.importorskip("llvmlite")


@pytest.mark.parametrize("backend", BACKENDS)
def test_going_on_is_as_if_it_had_never_stopped(backend, tmp_path):
    needed(backend)
    X, y = data()
    whole = trainer_for(backend)
    whole.fit(X, y, epochs=9, batch_size=8, seed=3, validation=(X[:5], y[:5]))
    path = tmp_path / "run.json"
    for epochs in (2, 3, 7, 9, 9):
        part = trainer_for(backend)
        part.fit(X, y, epochs=epochs, batch_size=8, seed=3, validation=(X[:5], y[:5]), checkpoint=path)
        assert len(part.history) == epochs
    assert numbers(part) == numbers(whole) and part.history.to_dict() == whole.history.to_dict()
    assert part.optimizer.to_state() == whole.optimizer.to_state() and part.best == whole.best


def numbers(trainer):
    return trainer.course.position.numbers()


def ended(trainer):
    return numbers(trainer), trainer.history.to_dict(), trainer.optimizer.to_state()


SIZES = [8, 7, 8, 30, 5, 8]  # samples a step, in epoch after epoch


def in_one_fit(trainer, X, y):
    trainer.fit(X, y, epochs=6, batch_size=8, seed=3)


def fit_by_fit(trainer, X, y, **options):
    for _ in range(6):
        trainer.fit(X, y, epochs=1, batch_size=8, seed=3, **options)


@pytest.mark.parametrize("backend", BACKENDS)
def test_epochs_count_over_the_life_of_a_trainer(backend, tmp_path):
    """However they are divided, six epochs are the same to the bit; after reset they begin again."""
    needed(backend)
    X, y = data()

    def through_files(trainer):
        for k in range(6):
            trainer.fit(X, y, epochs=1, batch_size=8, seed=3)
            trainer.save(tmp_path / "a.json")
            for p in trainer.parameters:
                p.data = 7.0
            trainer = trainer if k % 2 else trainer_for(backend)
            trainer.load(tmp_path / "a.json")
        return trainer

    def open_loops(trainer):
        for epochs in (1, 3, 2):
            for _ in trainer.epochs(X, y, epochs=epochs, batch_size=8, seed=3):
                pass

    def after_reset(trainer):
        trainer.fit(X, y, epochs=3, batch_size=4)
        trainer.reset()
        in_one_fit(trainer, X, y)

    whole = trainer_for(backend)
    in_one_fit(whole, X, y)
    orders = whole.history.loss
    assert len(set(orders)) == 6
    for run in (
        lambda trainer: fit_by_fit(trainer, X, y),
        through_files,
        open_loops,
        after_reset,
        lambda trainer: fit_by_fit(trainer, X, y, checkpoint=tmp_path / "run.json"),
    ):
        trainer = trainer_for(backend)
        trainer = run(trainer) or trainer
        assert ended(trainer) == ended(whole)


def test_every_epoch_has_an_order_of_its_own():
    X, seen = [1.0, 2.0, 3.0, 4.0, 5.0], []
    w = Value(1.0)
    trainer = Trainer(
        lambda row: seen.append(row[0]) or w * row[0],
        losses.absolute_error,
        optim.SGD(lr=1e-9),
        parameters=[w],
        backend="eager",
    )
    for size in (1, 2, 3, 4, 2):
        trainer.fit(X, X, epochs=1, batch_size=size)
    orders = [tuple(seen[6 * k + 1 : 6 * k + 6]) for k in range(5)]  # one call before each fit tells the width
    assert len(set(orders)) == 5 and all(sorted(order) == X for order in orders)
    trainer.reset()
    seen.clear()
    trainer.fit(X, X, epochs=5, batch_size=1)
    assert [tuple(seen[5 * k + 1 : 5 * k + 6]) for k in range(5)] == orders


class Stop(Exception):
    pass


def script(trainer, path, stop=None):
    """Several fits with one checkpoint, of different lengths and sizes; stopped before the so many-th step."""
    X, y = data()
    position, steps = trainer.course.position, 0
    advance = position.advance

    def counted(*step):
        nonlocal steps
        steps += 1
        if steps == stop:
            raise Stop
        advance(*step)

    position.advance = counted
    options = {} if path is None else {"checkpoint": path}
    for epochs, size in zip((1, 2, 1, 0, 3), SIZES):
        trainer.fit(X, y, epochs=epochs, batch_size=size, seed=2, patience=2, **options)
    return trainer


def test_a_script_of_several_fits_that_is_stopped_and_run_again_ends_the_same(tmp_path):
    whole = script(trainer_for(), None)
    path = tmp_path / "run.json"
    for stop in (*range(1, 40, 3), 1, 2, None, None):  # each run begins where the last one stopped
        trainer = trainer_for()
        try:
            script(trainer, path, stop)
        except Stop:
            continue
        assert ended(trainer) == ended(whole) and trainer.course.fits == 5


def test_a_checkpoint_of_another_training_is_not_overwritten(tmp_path):
    X, y = data()
    path = tmp_path / "run.json"
    trainer_for().fit(X, y, epochs=2, batch_size=8, checkpoint=path)
    trainer, before = trainer_for(), path.read_text()
    trainer.fit(X, y, epochs=3, batch_size=5)
    with pytest.raises(CheckpointError, match=r"an earlier epoch of this training, got one of another; call reset\(\)"):
        trainer.fit(X, y, epochs=2, batch_size=8, checkpoint=path)
    assert path.read_text() == before
    trainer.reset()
    assert len(trainer.fit(X, y, epochs=2, batch_size=8, checkpoint=path)) == 2


def older(path, **run):
    """Make a file one of version 1."""
    state = json.loads(path.read_text())
    del state["fits"], state["digest"]
    state["run"] = state["run"] and {**state["run"], **run}
    path.write_text(json.dumps({**state, "version": 1}))


def test_files_of_version_1_are_read_where_that_is_right(tmp_path):
    X, y = data()
    whole = trainer_for()
    whole.fit(X, y, epochs=6, batch_size=8, seed=3)
    path = tmp_path / "run.json"
    trainer_for().fit(X, y, epochs=4, batch_size=8, seed=3, checkpoint=path)
    older(path)
    again, loaded = trainer_for(), trainer_for()
    loaded.load(path)
    again.fit(X, y, epochs=6, batch_size=8, seed=3, checkpoint=path)
    loaded.fit(X, y, epochs=2, batch_size=8, seed=3)
    assert ended(again) == ended(loaded) == ended(whole)
    older(path, done=2)  # a second fit, whose epochs began again at 0 then
    with pytest.raises(CheckpointError, match="older file of a later fit, whose epochs began again at 0; load it"):
        trainer_for().fit(X, y, epochs=6, batch_size=8, seed=3, checkpoint=path)
    whole.save(path)
    older(path)
    loaded.load(path)
    assert ended(loaded) == ended(whole)


def test_files_of_version_2_are_read(tmp_path):
    """They had no digest."""
    X, y = data()
    whole, again, path = trainer_for(), trainer_for(), tmp_path / "run.json"
    whole.fit(X, y, epochs=4, batch_size=8, seed=3)
    trainer_for().fit(X, y, epochs=2, batch_size=8, seed=3, checkpoint=path)
    state = json.loads(path.read_text())
    del state["digest"]
    path.write_text(json.dumps({**state, "version": 2}))
    again.fit(X, y, epochs=4, batch_size=8, seed=3, checkpoint=path)
    assert ended(again) == ended(whole)


def test_every_changed_file_is_refused_or_has_the_same_numbers(tmp_path):
    from test_files import mutated

    rng, path, refused, told = random.Random(6), tmp_path / "run.json", 0, 0
    X, y = data()
    trainer_for().fit(X, y, epochs=2, batch_size=8, checkpoint=path)
    content, expected = path.read_bytes(), repr(read(path))
    for _ in range(3000):
        path.unlink()  # ext4 brings a file to the disk that is written over
        path.write_bytes(mutated(content, rng))
        try:
            assert repr(read(path)) == expected
        except CheckpointError as error:
            refused += 1
            told += "changed by hand, or is damaged" in str(error)
    assert refused > 2400 and told > 600
    text = content.decode().replace('"seed": 0', '"seed": 1')
    path.write_text(text)
    with pytest.raises(CheckpointError, match='changed by hand, or is damaged; .* make it "digest": null'):
        trainer_for().fit(X, y, epochs=2, batch_size=8, checkpoint=path)
    digest = json.loads(text)["digest"]
    path.write_text(text.replace(f'"{digest}"', "null"))
    assert len(trainer_for().fit(X, y, epochs=3, batch_size=8, seed=1, checkpoint=path)) == 3


def test_patience_goes_on_too(tmp_path):
    X, y = data()

    def fit(trainer, epochs, **options):
        return trainer.fit(X, y, epochs=epochs, batch_size=8, patience=3, validation=(X[:4], y[:4]), **options)

    whole = trainer_for(optimizer=optim.SGD(lr=0.8))
    fit(whole, 40)
    for epochs in (1, 2, 4, 6, 40, 40):
        part = trainer_for(optimizer=optim.SGD(lr=0.8))
        fit(part, epochs, checkpoint=tmp_path / "run.json")
    assert len(part.history) == len(whole.history) < 40 and numbers(part) == numbers(whole)


def test_save_and_load(tmp_path):
    X, y = data()
    first, second = trainer_for(), trainer_for()
    first.fit(X, y, epochs=3, batch_size=8)
    first.save(tmp_path / "a.json")
    second.load(tmp_path / "a.json")
    for trainer in (first, second):
        trainer.fit(X, y, epochs=2, batch_size=8, seed=9)
    assert numbers(first) == numbers(second) and len(second.history) == 5
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert list(read(tmp_path / "a.json")["parameters"])[0] == "layer 1 neuron 1 w1"


def changed(state, **entries):
    """As edited by hand."""
    return json.dumps({**state, "digest": None, **entries})


def test_files_that_are_no_checkpoint_of_this_training_change_nothing(tmp_path):
    X, y = data()
    trainer = trainer_for()
    trainer.fit(X, y, epochs=2)
    path = tmp_path / "a.json"
    trainer.save(path)
    text = path.read_text()
    state = json.loads(text)
    history, names = state["history"], list(state["parameters"])

    def everything():
        return numbers(trainer), trainer.history.to_dict(), trainer.optimizer.to_state(), trainer.best

    before = everything()
    bad = [
        (text[: len(text) // 2], "damaged"),
        ("", "damaged"),
        ("[" * 100_000, "damaged"),
        ("{}", "foreign"),
        ("3", "foreign"),
        (changed(state, version=4), "version 3 of a micrograd checkpoint, got 4"),
        (changed(state, more=1), "entries"),
        (changed(state, parameters={"w": 1.0}), "of the same model"),
        (changed(state, parameters=[1.0]), "of the same model"),
        (changed(state, parameters={**state["parameters"], names[0]: "x"}), "number, or inf or nan in quotes, got 'x'"),
        (changed(state, parameters={**state["parameters"], names[0]: True}), "got True"),
        (text.replace("{", '{"a": NaN, ', 1), "NaN"),
        (changed(state, parameters={**state["parameters"], names[0]: 10**400}), "expected a number"),
        (changed(state, optimizer={}), "optimizer"),
        (changed(state, optimizer=optim.SGD().to_state()), "state of Adam"),
        (changed(state, history={**history, "loss": [1.0]}), "one length"),
        (changed(state, history=None), "columns"),
        (changed(state, history={**history, "epoch": [2, 1]}), "epoch 1"),
        (changed(state, best=[1.0]), "best"),
        (changed(state, history={**history, "loss": [None, None]}), "expected a loss"),
        (changed(state, least="x"), "least"),
        (changed(state, run=3), "run"),
        (changed(state, run={"settings": {}, "done": -1, "waited": 0}), "run"),
        (changed(state, fits=True), "fits"),
        (changed(state, run={"settings": {}, "done": 0, "waited": 0, "backend": 1}), "run"),
    ]
    for content, message in bad:
        path.write_text(content)
        with pytest.raises(CheckpointError, match=message):
            trainer.load(path)
        assert everything() == before
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CheckpointError, match="damaged"):
        trainer.load(path)
    with pytest.raises(OSError, match="nowhere"):
        trainer.load(tmp_path / "nowhere.json")


def test_a_checkpoint_of_another_fit_is_refused(tmp_path):
    X, y = data()
    path = tmp_path / "run.json"
    trainer_for().fit(X, y, epochs=1, batch_size=8, checkpoint=path)
    with pytest.raises(CheckpointError, match="'batch_size': 9.*remove the file"):
        trainer_for().fit(X, y, epochs=1, batch_size=9, checkpoint=path)
    with pytest.raises(TypeError, match="cannot go on"):
        trainer_for(optimizer=optim.LBFGS()).fit(X, y, epochs=1, checkpoint=path)
    w = Value(1.0)
    trainer = Trainer(lambda row: w * row[0], losses.squared_error, optim.SGD(), parameters=[w])
    with pytest.raises(CheckpointError, match="of the same model"):
        trainer.load(path)


@pytest.mark.parametrize(
    "sizes, message",
    [
        ((2, [4, 5, 1]), "got 43: number 18 is none here and 'layer 2 neuron 2 w1' in the file"),
        ((2, [5, 1]), "got 21: number 13 is 'layer 2 neuron 1 w1' here and 'layer 1 neuron 5 w1' in the file"),
        ((3, [4, 1]), "got 21: number 3 is 'layer 1 neuron 1 b' here and 'layer 1 neuron 1 w3' in the file"),
        ((2, [4]), "got 12: number 13 is 'layer 2 neuron 1 w1' here and none in the file"),
    ],
)
def test_another_architecture_is_told_by_where_it_differs(sizes, message, tmp_path):
    Trainer(nn.MLP(*sizes), losses.cross_entropy, optim.SGD()).save(tmp_path / "a.json")
    with pytest.raises(CheckpointError, match=f"the 17 parameters of this trainer, {message}; load it .* same model"):
        trainer_for().load(tmp_path / "a.json")


@pytest.mark.parametrize("backend", ["eager", "llvm"])
def test_a_training_killed_at_random_moments_loses_nothing(backend, tmp_path):
    needed(backend)
    from pathlib import Path

    path = str(tmp_path / "run.json")
    script = SCRIPT.format(folder=str(Path(__file__).parent), backend=backend, path=path)
    rng, kills = random.Random(5), 0
    for _ in range(40):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if kills < (10 if backend == "eager" else 5):
            before = len(read(path)["history"]["epoch"]) if Path(path).exists() else 0
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and process.poll() is None:  # until it has come further
                if Path(path).exists() and len(read(path)["history"]["epoch"]) > before:
                    break
                time.sleep(0.002)
            time.sleep(rng.uniform(0.0, 0.01))
            process.send_signal(signal.SIGKILL)
            kills += 1
            process.communicate()
            read(path)  # whole at any moment
        else:
            output, errors = process.communicate()
            assert process.returncode == 0, errors.decode()
            break
    whole = trainer_for(backend)
    whole.fit(*data(), epochs=60, batch_size=8, seed=3)
    assert eval(output) == numbers(whole)


ROOMS = ["trainer", "loop", "course", "position", "objectives", "optimizer", "update_rule", "rules"]


def interrupted(run, moment, files):
    """Run, with Ctrl-C at the so many-th line of these files; whether it came to that."""
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        if not frame.f_code.co_filename.endswith(files):
            return None
        if event == "line":
            lines += 1
            if lines == moment:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("backend", ["eager", "numpy"])
def test_ctrl_c_at_any_line_leaves_whole_steps(backend, tmp_path):
    needed(backend)
    X, y = [samples[:4] for samples in data()]
    options = {"epochs": 2, "batch_size": 2, "checkpoint": tmp_path / "run.json"}
    whole = trainer_for(backend)
    position = whole.course.position
    advance, states = position.advance, [(position.numbers(), whole.optimizer.to_state())]

    def noted(*step):
        advance(*step)
        states.append((position.numbers(), whole.optimizer.to_state()))

    position.advance = noted
    whole.fit(X, y, epochs=2, batch_size=2)
    seen = set()
    trainer = trainer_for(backend)
    for moment in range(1, 10_000, 3):
        trainer.reset()
        options["checkpoint"].unlink(missing_ok=True)
        fit = lambda: trainer.fit(X, y, **options)  # noqa: E731
        if not interrupted(fit, moment, tuple([f"{room}.py" for room in ROOMS])):
            break
        steps = trainer.optimizer.steps
        assert trainer.course.position.at is None
        assert (numbers(trainer), trainer.optimizer.to_state()) == states[steps], moment
        assert steps // 2 - 1 <= len(trainer.history) <= steps // 2
        seen.add(steps)
        if moment % 5 == 0 or steps == 4:
            trainer.fit(X, y, **options)  # the same again
            assert numbers(trainer) == numbers(whole) and len(trainer.history) == 2
    assert seen == {0, 1, 2, 3, 4}


def test_figures_that_are_not_finite_come_back(tmp_path):
    w, v = Value(1.0), Value(2.0, "p1")
    trainer = Trainer(
        lambda row: w * row[0],
        losses.squared_error,
        optim.Adam(lr=0.1),
        parameters=[w, v],
        metric=lambda prediction, target: math.inf,
    )
    trainer.fit([1.0], [2.0], epochs=2, validation=([1e200], [0.0]), checkpoint=tmp_path / "run.json")
    assert trainer.history.validation == [math.inf] * 2 or math.isnan(trainer.history.validation[0])
    trainer.optimizer.state[1][0] = math.inf
    trainer.save(tmp_path / "a.json")
    json.loads((tmp_path / "a.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    moved = w.data
    w.data = 7.0
    trainer.load(tmp_path / "a.json")
    assert w.data == moved and trainer.optimizer.state[1][0] == math.inf and trainer.history.metric == [math.inf] * 2


def test_names_of_parameters_are_all_different(tmp_path):
    parameters = [Value(0.0, label) for label in ("p2", "", "w", "w", "p4", "p4", "")]
    trainer = Trainer(lambda row: sum(parameters) * row[0], losses.squared_error, optim.SGD(), parameters=parameters)
    trainer.fit([1.0], [1.0], epochs=1)
    trainer.save(tmp_path / "a.json")
    assert names_of(parameters) == ["p2", "p2_", "p3", "p4_", "p5", "p6", "p7"]
    trainer.load(tmp_path / "a.json")


def test_lbfgs_saves_and_loads_too(tmp_path):
    pytest.importorskip("scipy")
    X, y = data()
    trainer = trainer_for(optimizer=optim.LBFGS())
    trainer.fit(X, y, epochs=3)
    trainer.save(tmp_path / "a.json")
    again = trainer_for(optimizer=optim.LBFGS())
    again.load(tmp_path / "a.json")
    assert numbers(again) == numbers(trainer) and len(again.history) == len(trainer.history)


def test_writing_takes_a_small_part_of_the_time(tmp_path, monkeypatch):
    import micrograd.training.checkpoints

    written = []

    def slow(path, state):
        time.sleep(0.01)
        written.append(state["run"]["done"])

    monkeypatch.setattr(micrograd.training.checkpoints, "write", slow)
    X, y = data()
    trainer_for().fit(X[:2], y[:2], epochs=60, checkpoint=tmp_path / "run.json")
    assert written[0] == 0 and written[-1] == 60 and len(written) < 20


def test_another_backend_goes_on_with_a_warning(tmp_path):
    needed("numpy")
    X, y = data()
    options = {"batch_size": 8, "checkpoint": tmp_path / "run.json"}
    trainer_for("numpy").fit(X, y, epochs=2, **options)
    state = json.loads(options["checkpoint"].read_text())
    assert state["run"]["backend"] == "numpy"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer_for("numpy").fit(X, y, epochs=3, **options)
    with pytest.warns(UserWarning, match="with the backend 'numpy', got 'eager'.*not to the same bits") as told:
        assert len(trainer_for("eager").fit(X, y, epochs=4, **options)) == 4
    assert [warning.filename for warning in told] == [__file__]
    assert json.loads(options["checkpoint"].read_text())["run"]["backend"] == "eager"

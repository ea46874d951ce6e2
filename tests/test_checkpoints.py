"""Checkpoints: bit for bit, whole or not at all, one clear error for anything else; killed trainings lose nothing."""
import json
import random
import signal
import subprocess
import sys
import time

import pytest

from micrograd import Trainer, Value, losses, nn, optim
from micrograd.checkpoints import CheckpointError, read

BACKENDS = ["eager", "numpy", "llvm"]
SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_checkpoints import data, trainer_for
trainer = trainer_for({backend!r})
trainer.fit(*data(), epochs=60, batch_size=8, seed=3, checkpoint={path!r})
print(repr([p.data for p in trainer.parameters]))
"""


def data():
    rng = random.Random(0)
    X = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(30)]
    return X, [1.0 if a * b > 0 else -1.0 for a, b in X]


def trainer_for(backend="eager", optimizer=None):
    model = nn.MLP(2, [4, 1], activation="tanh", generator=random.Random(1))
    return Trainer(model, losses.hinge, optimizer or optim.Adam(lr=optim.cosine(0.05, steps=200)), backend=backend)


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
    assert part.numbers() == whole.numbers() and part.history.to_dict() == whole.history.to_dict()
    assert part.optimizer.to_state() == whole.optimizer.to_state() and part.best == whole.best


def test_patience_goes_on_too(tmp_path):
    X, y = data()

    def fit(trainer, epochs, **options):
        return trainer.fit(X, y, epochs=epochs, batch_size=8, patience=3, validation=(X[:4], y[:4]), **options)

    whole = trainer_for(optimizer=optim.SGD(lr=0.8))
    fit(whole, 40)
    for epochs in (1, 2, 4, 6, 40, 40):
        part = trainer_for(optimizer=optim.SGD(lr=0.8))
        fit(part, epochs, checkpoint=tmp_path / "run.json")
    assert len(part.history) == len(whole.history) < 40 and part.numbers() == whole.numbers()


def test_save_and_load(tmp_path):
    X, y = data()
    first, second = trainer_for(), trainer_for()
    first.fit(X, y, epochs=3, batch_size=8)
    first.save(tmp_path / "a.json")
    second.load(tmp_path / "a.json")
    for trainer in (first, second):
        trainer.fit(X, y, epochs=2, batch_size=8, seed=9)
    assert first.numbers() == second.numbers() and len(second.history) == 5
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert list(read(tmp_path / "a.json")["parameters"])[0] == "layer 1 neuron 1 w1"


def changed(state, **entries):
    return json.dumps({**state, **entries})


def test_files_that_are_no_checkpoint_of_this_training_change_nothing(tmp_path):
    X, y = data()
    trainer = trainer_for()
    trainer.fit(X, y, epochs=2)
    path = tmp_path / "a.json"
    trainer.save(path)
    text = path.read_text()
    state = json.loads(text)
    history, names = state["history"], list(state["parameters"])
    before = (trainer.numbers(), trainer.history.to_dict(), trainer.optimizer.to_state(), trainer.best)
    bad = [
        (text[: len(text) // 2], "damaged"), ("", "damaged"), ("[" * 100_000, "damaged"),
        ("{}", "foreign"), ("3", "foreign"),
        (changed(state, version=2), "version 1, got 2"), (changed(state, more=1), "entries"),
        (changed(state, parameters={"w": 1.0}), "another model"), (changed(state, parameters=[1.0]), "another model"),
        (changed(state, parameters={**state["parameters"], names[0]: "x"}), "finite number, got 'x'"),
        (changed(state, parameters={**state["parameters"], names[0]: True}), "finite number, got True"),
        (text.replace("{", '{"a": NaN, ', 1), "NaN"),
        (changed(state, parameters={**state["parameters"], names[0]: 10**400}), "finite number"),
        (changed(state, optimizer={}), "optimizer"),
        (changed(state, optimizer=optim.SGD().to_state()), "state of Adam"),
        (changed(state, history={**history, "loss": [1.0]}), "one length"), (changed(state, history=None), "columns"),
        (changed(state, history={**history, "epoch": [2, 1]}), "epoch 1"), (changed(state, best=[1.0]), "best"),
        (changed(state, history={**history, "loss": [None, None]}), "expected a loss"),
        (changed(state, least="x"), "least"), (changed(state, run=3), "run"),
        (changed(state, run={"settings": {}, "done": -1, "waited": 0}), "run"),
    ]  # fmt: skip
    for content, message in bad:
        path.write_text(content)
        with pytest.raises(CheckpointError, match=message):
            trainer.load(path)
        assert (trainer.numbers(), trainer.history.to_dict(), trainer.optimizer.to_state(), trainer.best) == before
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
    with pytest.raises(CheckpointError, match="another model"):
        trainer.load(path)


@pytest.mark.parametrize("backend", ["eager", "llvm"])
def test_a_training_killed_at_random_moments_loses_nothing(backend, tmp_path):
    needed(backend)
    from pathlib import Path

    path = str(tmp_path / "run.json")
    script = SCRIPT.format(folder=str(Path(__file__).parent), backend=backend, path=path)
    rng, kills = random.Random(5), 0
    for _ in range(40):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if kills < 6:
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
    assert eval(output) == whole.numbers()

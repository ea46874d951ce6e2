"""Estimators: scikit-learn's own checks, and what they do not check."""

import math
import pickle
import random
import subprocess
import sys

import pytest

numpy = pytest.importorskip("numpy")
pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from micrograd import functions, losses, optim  # noqa: E402
from micrograd.estimators import Classifier, Regressor  # noqa: E402
from micrograd.training.objectives import Eager  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """SciPy's L-BFGS on networks as small as these: threads of linear algebra would wait for each other only."""
    with threadpool_limits(1):
        yield


@parametrize_with_checks(
    [
        Classifier(hidden=(4,)),
        Regressor(hidden=(4,)),
        Classifier(hidden=(4,), activation="relu", optimizer=optim.Adam(lr=0.1), batch_size=20, epochs=50),
    ]
)
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def rings(n, seed=0):
    """Points of three rings, 20 apart and 10 times as high as wide, and their names."""
    rng = random.Random(seed)
    X, y = [], []
    for i in range(n):
        t, r = 2.0 * math.pi * rng.random(), 1.0 + i % 3
        X.append([20.0 + r * math.cos(t), 10.0 * r * math.sin(t)])
        y.append(["inner", "middle", "outer"][i % 3])
    return X, y


def test_a_pipeline_in_a_grid_search_tells_rings_apart():
    search = GridSearchCV(make_pipeline(StandardScaler(), Classifier()), {"classifier__hidden": [(1,), (12,)]}, cv=3)
    search.fit(*rings(150))
    assert search.best_params_ == {"classifier__hidden": (12,)}
    X, y = rings(90, seed=1)
    assert search.score(X, y) > 0.95
    shares = search.predict_proba(X)
    assert shares.shape == (90, 3) and shares.sum(axis=1) == pytest.approx(1.0, rel=1e-12)
    assert search.classes_[shares.argmax(axis=1)].tolist() == search.predict(X).tolist()


def test_two_classes_have_one_logit_and_its_sigmoid():
    X, y = rings(60)
    model = Classifier(hidden=(6,), epochs=20).fit(X, [name == "inner" for name in y])
    logits = model.decision_function(X)
    assert logits.shape == (60,) and model.classes_.tolist() == [False, True]
    assert model.predict_proba(X)[:, 1] == pytest.approx([functions.sigmoid(s) for s in logits], rel=1e-12)
    assert model.predict(X).tolist() == (logits > 0.0).tolist()


def test_the_model_is_an_mlp_at_a_minimum_of_the_penalised_mean_loss():
    X = [[0.1 * i] for i in range(-10, 11)]
    y = [[math.sin(2.0 * x), x * x] for [x] in X]
    model = Regressor(hidden=(5,), penalty=0.01, epochs=2000).fit(X, y)
    assert model.predict(X)[7] == pytest.approx([v.data for v in model.model_(X[7])], rel=1e-12)
    eager = Eager(model.model_, losses.squared_error, model.model_.parameters(), losses.l2(0.01))
    value, gradient = eager.value_and_gradient(eager.batch(X, y))
    assert value == pytest.approx(model.history_.loss[-1], rel=1e-9)
    assert max(map(abs, gradient)) < 1e-4 and model.n_iter_ == len(model.history_) < 2000


def test_ridge_regression_by_a_network_without_hidden_layer():
    """Against the normal equations; the penalty holds for the bias too."""
    rng = numpy.random.RandomState(0)
    X = rng.normal(size=(40, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.7 + 0.1 * rng.normal(size=40)
    model = Regressor(hidden=(), penalty=0.3).fit(X, y)
    A = numpy.column_stack([X, numpy.ones(40)])
    wanted = numpy.linalg.solve(A.T @ A / 40 + 0.3 * numpy.eye(4), A.T @ y / 40)
    assert [p.data for p in model.model_.parameters()] == pytest.approx(wanted.tolist(), abs=1e-5)


def test_the_optimiser_that_was_given_stays_as_it_is():
    X, y = rings(30)
    adam = optim.Adam(lr=0.05)
    model = Classifier(hidden=(3,), optimizer=adam, epochs=5, batch_size=7)
    first = model.fit(X, y).predict_proba(X).tolist()
    assert adam.steps == 0 and adam.state is None
    assert clone(model).fit(X, y).predict_proba(X).tolist() == model.fit(X, y).predict_proba(X).tolist() == first
    assert clone(model).set_params(random_state=1).fit(X, y).predict_proba(X).tolist() != first


def square(x):
    return x * x if x.data > 0.0 else 0.0 * x


def test_an_activation_that_cannot_be_compiled_trains_eagerly_and_pickles():
    model = Regressor(hidden=(2,), activation=square, epochs=5).fit([[0.5], [1.0], [2.0]], [1.0, 2.0, 3.0])
    assert pickle.loads(pickle.dumps(model)).predict([[1.5]]).tolist() == model.predict([[1.5]]).tolist()


def test_without_scikit_learn_the_error_names_the_cure():
    code = "import sys; sys.modules['sklearn'] = None; import micrograd.estimators"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: micrograd.estimators needs scikit-learn 1.6 or newer: pip install" in run.stderr


def test_a_grid_of_numpy_integers():
    X, y = rings(30)
    search = GridSearchCV(Classifier(hidden=(2,)), {"epochs": numpy.arange(20, 60, 20)}, cv=2).fit(X, y)
    assert search.best_params_["epochs"] in (20, 40)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"hidden": 8}, r"widths of the hidden layers, such as \(8,\), got int 8"),
        ({"hidden": "8"}, "got str '8'"),
        ({"optimizer": "adam"}, "write optim.Adam"),
        ({"optimizer": optim.Adam}, "write optim.Adam"),
        ({"optimizer": 0.1}, "write optim.SGD.lr=0.1."),
        ({"penalty": "l2"}, "strength of the L2 penalty, a number such as 1e-4 or 0.0, got str 'l2'"),
        ({"penalty": losses.l2(0.1)}, "strength of the L2 penalty"),
        ({"penalty": None}, "or 0.0, got NoneType"),
    ],
)
@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_wrong_parameters_are_told_of_at_fit(kind, options, message):
    """Not before: scikit-learn sets parameters in any order, and checks that their setting raises nothing."""
    with pytest.raises(TypeError, match=message):
        kind(**options).fit([[0.0], [1.0], [2.0]], [0, 1, 1])

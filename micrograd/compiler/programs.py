"""`Program`: what `compile` returns, a program over arrays of samples that is built purpose by purpose.

It is long for its docstrings: each method is a few lines, which check what is given and run a purpose.

X, y        samples, (n, inputs), and their targets, (n,) or (n, targets): arrays, lists, frames
at          the numbers of the parameters, (p,), in the order of `program.parameters`, which the repr shows; or some of
            them by names, {"w": 2.0}. What is not given keeps its present number
"""

from __future__ import annotations

from micrograd.compiler import samples as data
from micrograd.compiler.arguments import leaves_at, listed, names_of, numbers_of, room
from micrograd.compiler.arrays.passes import PURPOSES, stages, through
from micrograd.compiler.arrays.program import ArrayProgram
from micrograd.compiler.backends import chosen, expect_short, runner_of
from micrograd.compiler.samples import Batch
from micrograd.compiler.scalar.trace import undo_of
from micrograd.compiler.scalar.tracer import Trace, trace_once
from micrograd.compiler.self_check import Sample, SelfCheck, sampled
from micrograd.dispatch import brief
from micrograd.expect import option
from micrograd.messages.refusals import Elsewhere
from micrograd.system.forking import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    import numpy as np

    from micrograd.compiler.code import Code
    from micrograd.compiler.runner import Runner

ELSEWHERE = {
    name: Elsewhere(
        name, "a program over samples", "write value_and_gradient, or compile(function) without inputs for one point"
    )
    for name in ("grad", "gradient", "value_and_grad", "value_and_gradients")
}


class Program:
    """What `compile` returns.

    backend     "llvm" or "numpy"
    graph       the scalar graph of one sample
    steps       the array program of value and gradient (without a loss: of the predictions)
    source, ir  the code that runs: Python source, or LLVM's intermediate representation
    """

    def __init__(self, trace: Trace, loss: Any, backend: str, threads: int | None, cache: bool) -> None:
        self._trace = trace
        self._loss = loss if loss is None or hasattr(loss, "prepare") else True  # needed only to prepare targets
        self.parameters, self.backend = trace.parameters, chosen(backend)
        self._threads, self._cache = threads, cache
        self._runners: dict[str, Runner] = {}
        self._again: dict[object, Any] = {}  # that of the runner of the gradient, once there is one
        self._check = SelfCheck(trace)
        self._row = self._one_row()
        self._lock = guarded(self)  # while a runner is built

    def forked(self) -> None:
        """In a forked process: a runner that a thread was building is built again."""

    # running

    def __call__(self, X: Any, *, at: Any = None, out: Any = None) -> Any:
        """What the model returns, for one row of inputs or for many.

        One row, a list of `inputs` numbers, gives a number, or (outputs,) for a model that returns a list. Many give
        what `predict` gives. Of one input, a number is one row and a list is many. A row goes a way of its own, so
        that its last digit may be another than among many.

        >>> from micrograd import Value, compile
        >>> w = Value(2.0, "w")
        >>> program = compile(lambda x: w * x[0] + x[1], 2, parameters=[w])
        >>> program([3.0, 1.0]), program([[3.0, 1.0], [0.0, 1.0]]).tolist(), program([3.0, 1.0], at={"w": 1.0})
        (7.0, [7.0, 1.0], 4.0)
        """
        found = self._row(X, at) if out is None else None
        if found is not None:
            return found
        if isinstance(X, Batch):
            return self.predict(X, at=at, out=out)
        rows, single = data.one_or_many(X, self._trace.inputs)
        if not single:
            return self._predicted(data.without_targets(self._trace, rows), at, out)
        if self._trace.bare:
            if out is not None:
                raise TypeError("expected no out: the result of one row is a number")
            return float(self._predicted(data.without_targets(self._trace, rows), at, None)[0])
        out = room(out, (len(self._trace.outputs),), rows)
        self._predicted(data.without_targets(self._trace, rows), at, out[None])
        return out

    def predict(self, X: Any, *, at: Any = None, out: Any = None) -> np.ndarray:
        """The model's outputs: (n,) for a model that returns a Value, (n, outputs) for a list of Values.

        out: an array of float64 that takes them, and is returned.
        """
        return self._predicted(data.samples_of(self._trace, X), at, out)

    def _predicted(self, batch: Batch, at: Any, out: Any) -> np.ndarray:
        shape = len(batch), *(() if self._trace.bare else (len(self._trace.outputs),))
        out = room(out, shape, batch.X)
        self._run("prediction", batch, at, out)
        return out

    def value(self, X: Any, y: Any = None, *, at: Any = None, weights: Any = None) -> float:
        """The mean loss over the samples plus the penalty; X may be a batch. Of an expression: its mean value.

        weights: a number for every sample, (n,), which its loss is multiplied by in place of 1/n: the value is
        Σ weight · loss + penalty then, whatever the weights add up to. One number is that of every sample: the sum over
        the samples is weights=1.
        """
        return self._run("value", data.batch_of(self._trace, self._loss, X, y, weights), at)[0]

    def value_and_gradient(
        self, X: Any, y: Any = None, *, wrt: Any = "parameters", at: Any = None, weights: Any = None, out: Any = None
    ) -> tuple[float, Any]:
        """The value, with weights as in `value`, and its derivative by each parameter, (p,).

        wrt="inputs": its derivative by each input of each sample, (n, inputs). wrt=("parameters", "inputs"): both, in a
        tuple, by one pass. out: an array that takes the derivative, or several for several.

        >>> from micrograd import Value, compile, losses
        >>> w = Value(2.0)
        >>> program = compile(lambda x: w * x[0], 1, parameters=[w], loss=losses.squared_error)
        >>> program.value_and_gradient([1.0, 3.0], [1.0, 6.0])
        (0.5, array([1.]))
        >>> both = "parameters", "inputs"
        >>> value, (slopes, by_inputs) = program.value_and_gradient([1.0, 3.0], [1.0, 6.0], wrt=both)
        >>> slopes.tolist(), by_inputs.tolist()
        ([1.0], [[2.0], [0.0]])
        """
        plain = wrt.__class__ is str and wrt == "parameters"
        if plain and at is not None and y is None and weights is None and out is None and X.__class__ is Batch:
            again = self._again.get(X.key)
            if again is not None and (found := again(at)) is not None:
                return found
        batch = data.batch_of(self._trace, self._loss, X, y, weights)
        if plain and out is None:
            return self._run("gradient", batch, at)
        several = isinstance(wrt, (tuple, list))
        names = wrt if several else [wrt]
        for name in names:
            option(name, "wrt", ("parameters", "inputs"))
        places = out if several and out is not None else [out] * len(names)
        if not isinstance(places, (tuple, list)) or len(places) != len(names):
            raise ValueError(f"expected out to be one array for each of wrt={wrt!r}, got {brief(out)}")
        value, found = self._gradients(batch, at, names, places)
        return value, tuple(found) if several else found[0]

    def _gradients(self, batch: Batch, at: Any, names: Sequence[str], places: Sequence[Any]) -> tuple[float, list[Any]]:
        """The value, and its derivatives by parameters, inputs or both, each in its place, if it is given one."""
        shapes = {"parameters": (len(self.parameters),), "inputs": batch.X.shape}
        found = [room(place, shapes[name], batch.X) for name, place in zip(names, places)]
        slopes: dict[str, Any] = {}
        if "inputs" in names:
            slopes["inputs"] = found[names.index("inputs")]
            value, slopes["parameters"] = self._run("gradients", batch, at, slopes["inputs"])
            slopes["inputs"] += 0.0  # as from 0 on: never −0
        else:
            value, slopes["parameters"] = self._run("gradient", batch, at)
        for name, place in zip(names, found):
            if place is not slopes[name]:
                place[:] = slopes[name]
        return value, found

    def descend(self, X: Any, optimizer: Any, *, steps: int) -> np.ndarray:
        """So many steps of an optimiser, each with the gradient on all samples; the value before each step, (steps,).

        X is a batch, program.batch(X, y); of a program without a loss it may be samples. The parameters move, and so
        does the state of the optimiser: to call it again is to go on. The steps have the bits of `value_and_gradient`
        and `optimizer.advance`, one after the other. In machine code thousands of them are one call, if the rule of
        the optimiser can be read: it is an `optim.UpdateRule` whose `update` asks for no number.
        NotFinite, an ArithmeticError, where a value or gradient is nan or inf, says where that comes from; then, and
        after Ctrl-C, what was done stays. For batches, epochs and a history take a Trainer.

        >>> from micrograd import Value, compile, losses, optim
        >>> w = Value(0.0)
        >>> program = compile(lambda x: w * x[0], 1, parameters=[w], loss=losses.squared_error)
        >>> values = program.descend(program.batch([1.0, 2.0], [3.0, 6.0]), optim.SGD(lr=0.1), steps=100)
        >>> values[:3].tolist(), round(w.data, 6)
        ([22.5, 5.625, 1.40625], 3.0)
        """
        from micrograd.compiler.descent.program import descend

        if self._loss is not None and not isinstance(X, Batch):
            raise TypeError(f"expected a batch, as program.batch(X, y) makes it, got {brief(X)}")
        return descend(self, data.batch_of(self._trace, self._loss, X, None), optimizer, steps)

    def jacobian(self, X: Any, *, wrt: str = "inputs", at: Any = None, out: Any = None) -> np.ndarray:
        """The derivatives of each output of a sample by each of its inputs, or by each parameter.

        wrt: "inputs" or "parameters". Of a model that returns a Value (n, inputs) or (n, p), of one that returns a list
        (n, outputs, inputs) or (n, outputs, p). out: an array of float64 that takes them, and is returned.
        Raises ValueError for more than 1,000,000 of them in a sample.

        >>> from micrograd import Value, compile
        >>> w = Value(2.0, "w")
        >>> program = compile(lambda x: [w * x[0] * x[1], x[0] / w], 2, parameters=[w])
        >>> program.jacobian([[3.0, 5.0]]).tolist()
        [[[10.0, 6.0], [0.5, 0.0]]]
        >>> program.jacobian([[3.0, 5.0]], wrt="parameters").tolist()
        [[[15.0], [-0.75]]]
        """
        option(wrt, "wrt", ("inputs", "parameters"))
        batch, trace = data.samples_of(self._trace, X), self._trace
        count = trace.inputs if wrt == "inputs" else len(trace.parameters)
        out = room(out, (len(batch), *(() if trace.bare else (len(trace.outputs),)), count), batch.X)
        self._run(f"jacobian by {wrt}", batch, at, out)
        return out

    def hessian(
        self, X: Any, y: Any = None, *, wrt: str = "inputs", at: Any = None, weights: Any = None, out: Any = None
    ) -> np.ndarray:
        """Second derivatives: of the single output of each sample by its inputs, or of the value by the parameters.

        wrt: "inputs" gives (n, inputs, inputs); "parameters" gives (p, p), the derivative of what `value_and_gradient`
        gives, for which targets y and weights are as there. out: an array of float64 that takes them, and is returned.
        Raises TypeError for inputs of a model that returns a list, and ValueError for more than 1,000,000 of them.

        >>> from micrograd import Value, compile
        >>> w, v = Value(2.0, "w"), Value(1.0, "v")
        >>> program = compile(lambda x: w * x[0] * x[0] + v, 1, parameters=[w, v], loss=lambda p, t: (p - t) ** 2)
        >>> program.hessian([3.0]).tolist()
        [[[4.0]]]
        >>> program.hessian([3.0, 0.0], [1.0, 1.0], wrt="parameters").tolist()
        [[81.0, 9.0], [9.0, 2.0]]
        """
        option(wrt, "wrt", ("inputs", "parameters"))
        if wrt == "parameters":
            batch, count = data.batch_of(self._trace, self._loss, X, y, weights), len(self.parameters)
            out = room(out, (count, count), batch.X)
            out[:] = self._run("hessian by parameters", batch, at)[1].reshape(count, count)
            return out
        if y is not None or weights is not None:
            raise TypeError("expected no targets and weights: they belong to the value, whose inputs are no parameters")
        if not self._trace.bare:
            raise TypeError("expected a model with a single output for its hessian, got one that returns a list")
        batch, count = data.samples_of(self._trace, X), self._trace.inputs
        out = room(out, (len(batch), count, count), batch.X)
        self._run("hessian by inputs", batch, at, out)
        return out

    def input_gradients(self, X: Any, *, at: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """The single output of every sample, (n,), and its derivative by the sample's inputs, (n, inputs)."""
        import numpy as np

        if not self._trace.bare:
            raise TypeError("expected a model with a single output for input gradients, got one that returns a list")
        batch = data.samples_of(self._trace, X)
        outputs = np.empty((len(batch), 1 + self._trace.inputs))
        self._run("input gradient", batch, at, outputs)
        return outputs[:, 0].copy(), outputs[:, 1:] + 0.0  # as a gradient that starts from 0: never −0

    def batch(self, X: Any, y: Any = None, *, weights: Any = None) -> Batch:
        """X, y and weights, if there are some, checked and laid out once, to be given as X many times."""
        if isinstance(X, Batch):
            raise TypeError("expected samples and targets, got a batch, which is laid out already")
        batch = data.batch_of(self._trace, self._loss, X, y, weights, copy=True)
        data.expect_places(batch, self._trace.indices)
        return data.frozen(batch)

    def _run(self, purpose: str, batch: Batch, at: Any, out: np.ndarray | None = None) -> tuple[float, Any]:
        """Value and gradient, if the purpose has them, and `out` filled; by its guarded twin where one is not finite.

        An adjoint of 0 times inf gives nan where it should give 0; so does the weight 0 of what fills the last block.
        """
        if len(batch) == 0:
            raise ValueError("expected at least one sample, got none")
        leaves, weights = self._leaves(at), 1.0 / len(batch) if batch.weights is None else batch.weights
        out = None if out is None else out.reshape(len(batch), -1)
        value, gradient, finite = self._runner(purpose).step(batch, leaves, weights, out)
        if not finite and (twin := f"guarded {purpose}") in PURPOSES:
            value, gradient, _ = self._runner(twin).step(batch, leaves, weights, out)
        return value, gradient

    def _leaves(self, at: Any) -> np.ndarray:
        """The numbers of parameters and captured Values."""
        return leaves_at(at, self._trace)

    def _captured(self) -> np.ndarray:
        """The numbers of captured Values."""
        return numbers_of(self._trace.captured)

    def _one_row(self) -> Any:
        """What runs a single row; see `one_row`."""
        from micrograd.compiler.one_row import fits, one_row

        return one_row(self._trace, self._check, self.backend, self._cache) if fits(self._trace) else lambda X, at: None

    def follow(self, code: Code) -> bool:
        """Trace the code again: True if this program still computes what it does, with the Values that it holds now."""
        with undo_of(code) as undo:
            recorded = trace_once(code, built=undo.state.built)
            undo.placeholders()
        if not recorded.same(self._trace):
            return False
        self._trace = recorded
        self._row = self._one_row()
        return True

    def samples_again(self, code: Code) -> Iterator[Sample]:
        """The samples that the program was compared with, for code that has changed."""
        code.charge = None  # the parameters have moved
        return iter([sampled(code, *sample.given, sample.ready) for sample in self._check.kept])

    # building

    def _runner(self, purpose: str, code: Any = None) -> Runner:
        """What runs a purpose, built, and compared with the code, when it is first asked for."""
        return self._runners.get(purpose) or self._build(purpose, code)

    def _build(self, purpose: str, code: Any) -> Runner:
        with self._lock:
            if purpose not in self._runners:
                passes = PURPOSES[purpose]
                rolled = 1 + next(k for k, one in enumerate(passes) if one.__name__.startswith("roll_"))
                program = through(passes[:rolled], self._trace)
                expect_short(program, self.backend)  # before what takes long
                runner = runner_of(through(passes[rolled:], program), self.backend, self._threads, self._cache)
                self._check.all(purpose, runner, self._runner, code)
                self._runners[purpose] = runner
                if purpose == "gradient" and self._trace.ordered:
                    self._again = runner.again
            return self._runners[purpose]

    @property
    def _main(self) -> Runner:
        return self._runner(self._check.main)

    @property
    def graph(self) -> Any:
        """The scalar graph of one sample."""
        return self._trace.graph

    @property
    def steps(self) -> ArrayProgram:
        """The array program."""
        return self._main.program

    @property
    def stages(self) -> dict[str, Any]:
        """What `graph` becomes, as it is after each pass, by the name of the pass; `print` shows one.

        First come the passes of the purpose, value and gradient (without a loss: predictions), then the backend's own.
        They run again at every call.

        >>> from micrograd import Value, compile, losses
        >>> w = Value(2.0)
        >>> program = compile(lambda x: w * x[0], 1, parameters=[w], loss=losses.squared_error, backend="numpy")
        >>> print(*program.stages)
        trace roll_loss differentiate simplify prune accumulate differentiate_uniform expand in_order allocate
        >>> print(program.stages["roll_loss"])
        for each sample
            [3] = mul(r[0], u[0])
            [4] = sub(r[3], r[1])
            [5] = mul(r[4], r[4])
        """
        return {"trace": self.graph, **stages([*PURPOSES[self._check.main], *self._main.passes], self._trace)}

    @property
    def source(self) -> str:
        """The code that runs, as text: Python for "numpy", the intermediate representation for "llvm"."""
        return self._main.source

    @property
    def ir(self) -> str:
        """The program in LLVM's intermediate representation; TypeError for another backend."""
        if self.backend != "llvm":
            raise TypeError(f'only the backend "llvm" has an intermediate representation, this is "{self.backend}"')
        return self.source

    vars().update(ELSEWHERE)

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ELSEWHERE]

    def __repr__(self) -> str:
        names = names_of(self.parameters)
        shown = f" ({listed(names)})" if names and all(names) else ""
        return (
            f"Program of {self._trace.inputs} inputs and {len(names)} parameters{shown}, "
            f"{len(self.graph)} nodes, backend {self.backend!r}"
        )

    def __reduce__(self) -> Any:
        arguments = self._trace, self._loss, self.backend, self._threads, self._cache
        return Program, arguments, self._check

    def __setstate__(self, check: SelfCheck) -> None:
        self._check = check
        self._row = self._one_row()

"""What sharding gains, and where it starts to pay: `python benchmarks/sharding.py`.

One step of full-batch training (value and gradient) of a 2-16-16-1 network on two moons, by the eager engine here, and
sharded over a pool of 1 and of 2 processes (--workers for others), for growing numbers of samples. Machines are noisy,
so what counts are the ratios of one run: the time of a step here over that of the same step by the pool, best of
several in turn. Below 1 the pool is slower. Then the cost of an empty step, which is what has to be earned back.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor

from micrograd import losses, nn
from micrograd.training.compiled import compiled_objective
from micrograd.training.objectives import Eager
from micrograd.training.sharding import Sharded


def two_moons(n: int, seed: int = 0) -> tuple[list[list[float]], list[float]]:
    """n points of two interleaved half circles with noise 0.1, and their classes ±1."""
    rng = random.Random(seed)
    points, classes = [], []
    for i in range(n):
        t = math.pi * rng.random()
        x, y = (math.cos(t), math.sin(t)) if i % 2 else (1.0 - math.cos(t), 0.5 - math.sin(t))
        points.append([x + rng.gauss(0.0, 0.1), y + rng.gauss(0.0, 0.1)])
        classes.append(1.0 if i % 2 else -1.0)
    return points, classes


def seconds(step) -> float:
    """Wall-clock time of one call."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def measured(objectives, X, y, repeats: int) -> list[float]:
    """The best time of a step of each objective, taken in turn."""
    steps = []
    for objective in objectives:
        batch = objective.batch(X, y)
        steps.append(lambda objective=objective, batch=batch: objective.value_and_gradient(batch))
        steps[-1]()
        steps[-1]()  # the first sends the shards, the second finds them
    return [min(times) for times in zip(*[[seconds(step) for step in steps] for _ in range(repeats)])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--backend", choices=["eager", "numpy", "llvm"], default="eager")
    parser.add_argument("--samples", type=int, nargs="+", default=[8, 32, 128, 512, 2048])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()

    model = nn.MLP(2, [16, 16, 1], generator=random.Random(1))
    parts = model, losses.hinge, model.parameters(), losses.l2(1e-4)
    if options.backend == "eager":
        here = Eager(*parts)
    else:
        here = compiled_objective(*parts, *two_moons(8), backend=options.backend)
    pools = [ProcessPoolExecutor(count) for count in options.workers]
    sharded = [Sharded(here, pool, shards=options.shards) for pool in pools]
    print(
        f"{os.cpu_count()} cores, {options.shards} shards, backend {here.backend}; a step here in milliseconds, then "
        "how many times faster by a pool"
    )
    names = [f"{count} process" + "es" * (count > 1) for count in options.workers]
    print(f"{'samples':>9} {'here':>9}" + "".join([f"{name:>14}" for name in names]))
    for n in options.samples:
        alone, *times = measured([here, *sharded], *two_moons(n), repeats=options.repeats)
        print(f"{n:>9} {1e3 * alone:>9.2f}" + "".join([f"{alone / t:>14.2f}" for t in times]), flush=True)
    for count, pool in zip(options.workers, pools):
        empty = min([seconds(lambda pool=pool: list(pool.map(abs, range(options.shards)))) for _ in range(50)])
        print(f"an empty step by {count}: {1e3 * empty:.2f} ms")
        pool.shutdown()


if __name__ == "__main__":
    main()

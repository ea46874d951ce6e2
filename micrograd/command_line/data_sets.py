"""Small data sets of the plane in two classes, -1 and 1, to watch a network learn on: always the same points.

draw        what the numbers come from: a `random.Random`
points      (x1, x2, class), of both classes in turn, with four decimals, so that a page or an address holds them whole
"""

from __future__ import annotations

from math import cos, pi, sin
from random import Random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Point = tuple[float, float, float]

COUNT, SEED = 100, 0


def moons(draw: Random, count: int) -> Iterator[Point]:
    """Two half circles, each around an end of the other."""
    for i in range(count):
        angle, upper = pi * draw.random(), i % 2 == 0
        x1, x2 = (cos(angle), sin(angle)) if upper else (1.0 - cos(angle), 0.5 - sin(angle))
        yield draw.gauss(x1, 0.1), draw.gauss(x2, 0.1), -1.0 if upper else 1.0


def xor(draw: Random, count: int) -> Iterator[Point]:
    """A square in four: both inputs of the same sign, or not; with a gap between."""
    for i in range(count):
        x1 = draw.choice([-1.0, 1.0]) * draw.uniform(0.08, 1.0)
        x2 = draw.uniform(0.08, 1.0) * (-1.0 if (x1 > 0.0) == (i % 2 == 0) else 1.0)
        yield x1, x2, -1.0 if i % 2 == 0 else 1.0


def circles(draw: Random, count: int) -> Iterator[Point]:
    """A disc, and a ring around it."""
    for i in range(count):
        inside = i % 2 == 0
        radius, angle = draw.uniform(0.0, 0.45) if inside else draw.uniform(0.7, 1.0), 2.0 * pi * draw.random()
        yield radius * cos(angle), radius * sin(angle), -1.0 if inside else 1.0


def spiral(draw: Random, count: int) -> Iterator[Point]:
    """Two arms, wound around one another."""
    for i in range(count):
        arm, along = i % 2, draw.random()
        radius, angle = 0.1 + 0.9 * along, 1.5 * pi * along + arm * pi
        x1, x2 = radius * cos(angle), radius * sin(angle)
        yield draw.gauss(x1, 0.03), draw.gauss(x2, 0.03), -1.0 if arm == 0 else 1.0


DATA_SETS: dict[str, Callable[[Random, int], Iterator[Point]]] = {
    "moons": moons, "xor": xor, "circles": circles, "spiral": spiral,
}  # fmt: skip


def data_set(name: str, count: int = COUNT, seed: int = SEED) -> tuple[list[list[float]], list[float]]:
    """The inputs and the classes of a data set by its name.

    >>> X, y = data_set("xor", 4)
    >>> [(x1 > 0.0) == (x2 > 0.0) for x1, x2 in X], y
    ([False, True, False, True], [-1.0, 1.0, -1.0, 1.0])
    """
    points = list(DATA_SETS[name](Random(f"{name} {seed}"), count))
    return [[round(x1, 4), round(x2, 4)] for x1, x2, _ in points], [label for *_, label in points]

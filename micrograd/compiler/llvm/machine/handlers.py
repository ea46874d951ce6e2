"""The text of handlers: what an entry does, and how it goes on.

form        of an entry: how many results it makes, and where its operands stand
    one         one result; entry: handler, place made, places of three operands
    run         n results side by side, whose operands stand side by side too, or are one number for all; entry:
                handler, n, first place made, address of a table of (first place, step 0 or 1) by operand
    each        n results side by side, operands anywhere; the table has their places, operand by operand, each filled
                up to whole vectors
lanes       how many numbers a value is: one, or as many samples as go through the entries together
width       of vectors, in which the results of runs are made; the last vector is masked

What is read beyond the last result is thrown away, and stands inside of w, which is so much longer.
"""

from __future__ import annotations

from micrograd.compiler.entries.kinds import SUM, Kind
from micrograd.compiler.llvm.instructions import Function, kind, splat
from micrograd.compiler.llvm.vectors import VectorArithmetic
from micrograd.compiler.llvm.vocabulary import VOCABULARY, declared, definitions, primitive
from micrograd.dispatch import Operators
from micrograd.ops import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from micrograd.compiler.llvm.instructions import Integer

ENTRY = 24  # bytes
MADE, OPERANDS = 8, 12  # where they stand in an entry of one result
COUNT, FIRST, TABLE = 8, 12, 16  # in one of several
ARGUMENTS = "ptr %e, ptr %w"
STOP = f"define void @stop({ARGUMENTS}) nounwind {{\n  ret void\n}}"
# Where there are no tail calls: the address of the handler of the last entry is 0
PLAY = f"""define void @play(ptr %first, ptr %w) nounwind {{
entry:
  br label %next
next:
  %e = phi ptr [%first, %entry], [%following, %some]
  %handler = load ptr, ptr %e, align 8
  %last = icmp eq ptr %handler, null
  br i1 %last, label %done, label %some
some:
  call void %handler(ptr %e, ptr %w)
  %following = getelementptr i8, ptr %e, i64 {ENTRY}
  br label %next
done:
  ret void
}}"""

AT_A_TIME = 16
# Functions without arguments. Their words: what plays, the address of the first entry, that of the vector, how many
# plays are left until the program has earned code of its own, and what is called then
CALLS = "\n".join(
    f"""@words{k} = global [5 x i64] zeroinitializer
define void @call{k}() nounwind {{
  %left = load i64, ptr getelementptr ([5 x i64], ptr @words{k}, i64 0, i64 3), align 8
  %less = sub i64 %left, 1
  store i64 %less, ptr getelementptr ([5 x i64], ptr @words{k}, i64 0, i64 3), align 8
  %now = icmp eq i64 %less, 0
  br i1 %now, label %earned, label %go
earned:
  %tell = load ptr, ptr getelementptr ([5 x i64], ptr @words{k}, i64 0, i64 4), align 8
  call void %tell()
  br label %go
go:
  %play = load ptr, ptr @words{k}, align 8
  %first = load ptr, ptr getelementptr ([5 x i64], ptr @words{k}, i64 0, i64 1), align 8
  %w = load ptr, ptr getelementptr ([5 x i64], ptr @words{k}, i64 0, i64 2), align 8
  call void %play(ptr %first, ptr %w)
  ret void
}}"""
    for k in range(AT_A_TIME)
)


class Term(Operators):
    """A number in a handler, for definitions of rows that LLVM's vocabulary lacks."""

    __slots__ = ("arithmetic", "name")
    thorough = True  # nobody reads or differentiates it: it may be long

    def __init__(self, arithmetic: VectorArithmetic, name: str) -> None:
        self.arithmetic, self.name = arithmetic, name

    def operate(self, name: str, args: tuple[Any, ...]) -> Any:
        """The primitive on numbers of the handler."""
        c = self.arithmetic
        return Term(c, row(c, name, [x.name if isinstance(x, Term) else c.number(float(x)) for x in args]))


def row(c: VectorArithmetic, name: str, operands: Sequence[str]) -> str:
    """The result of a row: as in the vocabulary, else by its definition."""
    definition = None if name in VOCABULARY else find(name).definition
    if definition is None:
        return primitive(c, name, operands)
    result = definition(*[Term(c, x) for x in operands])
    return result.name if isinstance(result, Term) else c.number(float(result))


def name_of(one: Kind, form: str) -> str:
    """The symbol of a handler."""
    parts = [one.row, *([one.inside, str(one.at)] if one.inside else []), form]
    return "_".join(parts)


def handler(one: Kind, form: str, lanes: int, width: int, tail: bool) -> str:
    """The text of a handler, with all that it calls."""
    f = Function(name_of(one, form), ARGUMENTS, "")
    following = address(f, "%e", ENTRY)
    after = f.value(f"load ptr, ptr {following}, align 8") if tail else ""
    if one.row == SUM:
        (sum_of_run if form == "run" else sum_of_each)(f, width)
    elif form == "one":
        one_result(f, one, lanes, width)
    else:
        several_results(f, one, width, run_operands if form == "run" else each_operands)
    if tail:
        f.line(f"musttail call void {after}(ptr {following}, ptr %w)")
    widths = {1, width} | {n for _, n in f.called}
    return "\n".join([declared(widths), *([] if form == "one" else [masked(width)]), definitions(f.called), f.text()])


def address(f: Function, pointer: str, offset: int) -> str:
    """A pointer moved on by bytes."""
    return f.at(pointer, offset, "i8")


def word(f: Function, pointer: str, offset: int) -> str:
    """A whole number of 32 bits, not negative, as i64."""
    found = f.value(f"load i32, ptr {address(f, pointer, offset)}, align 4")
    return f.value(f"zext i32 {found} to i64")


def one_result(f: Function, one: Kind, lanes: int, width: int) -> None:
    """One value of so many lanes."""
    places = [word(f, "%e", OPERANDS + 4 * k) for k in range(one.operands)]
    rows = [f.at("%w", f.times(place, lanes)) for place in places]
    made = f.at("%w", f.times(word(f, "%e", MADE), lanes))

    def some(v: Integer) -> None:
        c = VectorArithmetic(f, min(width, lanes))
        operands = [f.load(f.at(pointer, v), c.lanes) for pointer in rows]
        f.store(one.of(lambda name, x: row(c, name, x), operands), f.at(made, v), c.lanes)

    f.loop(max(lanes // width, 1), some, step=width)


def several_results(f: Function, one: Kind, width: int, prepared: Callable[..., Any]) -> None:
    """Results side by side, a vector after the other."""
    count, table = word(f, "%e", COUNT), f.value(f"load ptr, ptr {address(f, '%e', TABLE)}, align 8")
    made = f.at("%w", word(f, "%e", FIRST))
    operand = prepared(f, one, width, count, table)

    def some(v: Integer) -> None:
        c = VectorArithmetic(f, width)
        result = one.of(lambda name, x: row(c, name, x), [operand(k, v) for k in range(one.operands)])
        store_masked(f, result, f.at(made, v), mask(f, v, count, width), width)

    f.loop(count, some, step=width)


def run_operands(f: Function, one: Kind, width: int, count: str, table: str) -> Callable[[int, Integer], str]:
    """Operands that stand side by side, or are one number for all."""
    firsts = [f.at("%w", word(f, table, 8 * k)) for k in range(one.operands)]
    steps = [word(f, table, 8 * k + 4) for k in range(one.operands)]
    numbers = [f.broadcast(f.load(pointer, 1), width) for pointer in firsts]
    moves = [f.value(f"icmp ne i64 {step}, 0") for step in steps]

    def operand(k: int, v: Integer) -> str:
        vector = f.load(f.at(firsts[k], f.value(f"mul nuw nsw i64 {steps[k]}, {v}")), width)
        return f.value(f"select i1 {moves[k]}, {kind(width)} {vector}, {kind(width)} {numbers[k]}")

    return operand


def each_operands(f: Function, one: Kind, width: int, count: str, table: str) -> Callable[[int, Integer], str]:
    """Operands from anywhere."""
    up = f.value(f"add nuw nsw i64 {count}, {width - 1}")
    whole = f.value(f"and i64 {up}, {-width}")
    columns = [f.at(table, f.times(whole, k), "i32") for k in range(one.operands)]
    return lambda k, v: gathered(f, f.at(columns[k], v, "i32"), width)


def gathered(f: Function, table: str, width: int, chosen: str = "splat (i1 true)") -> str:
    """The numbers of the places in a table, −0 where they are not chosen."""
    places = f.value(f"load <{width} x i32>, ptr {table}, align 4")
    wide = f.value(f"zext <{width} x i32> {places} to <{width} x i64>")
    pointers = f.value(f"getelementptr double, ptr %w, <{width} x i64> {wide}")
    return f.value(
        f"call {kind(width)} @llvm.masked.gather.v{width}f64.v{width}p0(<{width} x ptr> {pointers}, i32 8, "
        f"<{width} x i1> {chosen}, {kind(width)} {splat(-0.0, width)})"
    )


def sum_of_run(f: Function, width: int) -> None:
    """The sum of n numbers side by side; entry: handler, n, place made, first."""
    first = f.at("%w", word(f, "%e", TABLE))

    def numbers(v: Integer, chosen: str) -> str:
        vector = f.load(f.at(first, v), width)
        bits = f"<{width} x i1>"
        return f.value(f"select {bits} {chosen}, {kind(width)} {vector}, {kind(width)} {splat(-0.0, width)}")

    added(f, width, numbers)


def sum_of_each(f: Function, width: int) -> None:
    """The sum of n numbers from anywhere; entry: handler, n, place made, address of their places."""
    table = f.value(f"load ptr, ptr {address(f, '%e', TABLE)}, align 8")
    added(f, width, lambda v, chosen: gathered(f, f.at(table, v, "i32"), width, chosen))


def added(f: Function, width: int, numbers: Callable[[Integer, str], str]) -> None:
    """Add up vectors of numbers; −0 + x is x, and 0 + −0 is not."""
    count = word(f, "%e", COUNT)
    made = f.at("%w", word(f, "%e", FIRST))

    def some(v: Integer, total: str) -> list[str]:
        return [f.arithmetic("fadd", total, numbers(v, mask(f, v, count, width)), width, "")]

    total = f.loop(count, some, [(kind(width), splat(-0.0, width))], width)[0]
    f.store(f.sum(total, width), made, 1)


def mask(f: Function, v: Integer, count: str, width: int) -> str:
    """Which of the results from v on there are."""
    return f.value(f"call <{width} x i1> @llvm.get.active.lane.mask.v{width}i1.i64(i64 {v}, i64 {count})")


def store_masked(f: Function, value: str, pointer: str, chosen: str, width: int) -> None:
    """Write the chosen lanes."""
    f.line(
        f"call void @llvm.masked.store.v{width}f64.p0({kind(width)} {value}, ptr {pointer}, i32 8, "
        f"<{width} x i1> {chosen})"
    )


def masked(width: int) -> str:
    """The intrinsics that are masked, and the sum of a vector."""
    T, bits = kind(width), f"<{width} x i1>"
    return f"""declare {bits} @llvm.get.active.lane.mask.v{width}i1.i64(i64, i64)
declare {T} @llvm.masked.gather.v{width}f64.v{width}p0(<{width} x ptr>, i32, {bits}, {T})
declare void @llvm.masked.store.v{width}f64.p0({T}, ptr, i32, {bits})
declare double @llvm.vector.reduce.fadd.v{width}f64(double, {T})"""

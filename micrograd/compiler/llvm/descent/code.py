"""The loop of steps in LLVM: gather the samples of a batch, call the program, check, move the parameters.

It takes the gradient from where the program leaves it and moves the parameters where the program reads them. The rule
is rounded as NumPy rounds it: nothing is fused, and a division is a division.

words       what the loop is told, in one array of 64-bit words
row         of the table: the columns of a rule at a step
"""

from __future__ import annotations

import ctypes

from micrograd.compiler.llvm.instructions import Function
from micrograd.compiler.llvm.memory import NAMES
from micrograd.compiler.llvm.vectors import VectorArithmetic
from micrograd.compiler.llvm.vocabulary import declared, primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micrograd.compiler.descent.rule import Rule
    from micrograd.compiler.llvm.instructions import Integer, Registers


ADDRESSES = ("code", "context", "p", "g", "value", "status", "last", "moments", "table", "constants", "losses",
             "X", "Y", "W", "x", "w", "order", "end", "at", "trail")  # fmt: skip
NUMBERS = ("stride", "place", "samples", "size", "steps", "every")


class Words(ctypes.Structure):
    """What the loop is told: addresses but for those named below.

    code, context   of the program's step, and what that is given
    p, g, value     numbers that the program reads and makes
    status          a number that is finite where the gradient is
    last            the gradient of the last step
    moments         one after the other; table: its rows, `stride` bytes apart; constants: those of the rule
    losses          the value of every step
    X, Y, W         rows of samples, of targets, and weights, 0 where there are none
    x, w            where those of a batch go; x: of a program of one point, the numbers that it works on
    order, end      numbers of samples, as many as there are for all steps until it begins again; 0 for all samples
    at, place       where in the order the first step begins, and how many samples of its epoch stand before it
    samples, size   how many there are, and how many a step takes
    steps, bound    how many steps, at most; what no loss may pass
    trail, every    where the parameters go after every so many steps; 0 for none
    """

    _fields_ = [
        *[(name, ctypes.c_void_p) for name in ADDRESSES],
        *[(name, ctypes.c_int64) for name in NUMBERS],
        ("bound", ctypes.c_double),
    ]


def word(name: str, kind: str = "ptr") -> str:
    """The instructions that read one of the words."""
    return (
        f"  %{name}_at = getelementptr i8, ptr %words, i64 {getattr(Words, name).offset}\n"
        f"  %{name} = load {kind}, ptr %{name}_at, align 8"
    )


class Batches:
    """How the samples of a batch are put together: the numbers of inputs and targets, and the samples of a block.

    grain       the last block is filled up to a multiple of it
    """

    def __init__(self, widths: tuple[int, int], block: int, grain: int) -> None:
        self.widths, self.block, self.grain = widths, block, grain


def descent_code(rule: Rule, registers: Registers, count: int, batches: Batches | None) -> str:
    """The text of `descend`, which gives how many steps it did, for so many parameters.

    Without batches the program's code is that of one point, which works on the numbers at x.
    """
    functions = [update(rule, registers, count), *([] if batches is None else [gather(batches)])]
    texts = [declared({1, registers.lanes}), *[f.text() for f in functions], loop(batches is not None, count)]
    return "\n\n".join(texts) + "\n"


def loop(gathers: bool, count: int) -> str:
    """The loop over the steps; it is one function of LLVM, which reads best in one piece."""
    numbers = "\n".join([word(name, "i64") for name in NUMBERS])
    addresses, arguments = "\n".join(map(word, ADDRESSES)), "ptr %context" if gathers else "ptr %context, ptr %x"
    return f"""declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define i64 @descend(ptr %words) nounwind {{
entry:
{addresses}
{numbers}
{word("bound", "double")}
  br label %step
step:
  %k = phi i64 [0, %entry], [%next, %after]
  %row = phi ptr [%table, %entry], [%next_row, %after]
  %until = phi i64 [%every, %entry], [%counted, %after]
  %free = phi ptr [%trail, %entry], [%then_free, %after]
{taking() if gathers else ""}
  call void %code({arguments})
  %loss = load double, ptr %value, align 8
  %sum = load double, ptr %status, align 8
  %zero = fmul double %sum, 0.0
  %is_finite = fcmp oeq double %zero, 0.0
  %is_allowed = fcmp ole double %loss, %bound
  %loss_zero = fmul double %loss, 0.0
  %is_number = fcmp oeq double %loss_zero, 0.0
  %is_some = and i1 %is_allowed, %is_number
  %is_fine = and i1 %is_finite, %is_some
  br i1 %is_fine, label %fine, label %stop
fine:
  %loss_at = getelementptr double, ptr %losses, i64 %k
  store double %loss, ptr %loss_at, align 8
  call void @update(ptr %p, ptr %g, ptr %last, ptr %moments, ptr %row, ptr %constants)
  %next = add i64 %k, 1
  %next_row = getelementptr i8, ptr %row, i64 %stride
  %left_until = sub i64 %until, 1
  %is_end = icmp eq i64 %left_until, 0
  br i1 %is_end, label %keep, label %after
keep:
  call void @llvm.memcpy.p0.p0.i64(ptr %free, ptr %p, i64 {8 * count}, i1 false)
  %behind_it = getelementptr i8, ptr %free, i64 {8 * count}
  br label %after
after:
  %counted = phi i64 [%left_until, %fine], [%every, %keep]
  %then_free = phi ptr [%free, %fine], [%behind_it, %keep]
  %more = icmp ult i64 %next, %steps
  br i1 %more, label %step, label %stop
stop:
  %done = phi i64 [%k, %{"run" if gathers else "step"}], [%next, %after]
  ret i64 %done
}}"""


def taking() -> str:
    """The part of it that takes the next samples, and tells the program how many they are; `run` goes on."""
    tail = len(NAMES)
    return f"""  %from = phi ptr [%at, %entry], [%following, %after]
  %before = phi i64 [%place, %entry], [%behind, %after]
  %takes = icmp ne ptr %order, null
  br i1 %takes, label %take, label %run
take:
  %left = sub i64 %samples, %before
  %full = icmp ult i64 %size, %left
  %n = select i1 %full, i64 %size, i64 %left
  %real = uitofp i64 %n to double
  %weight = fdiv double 1.0, %real
  %count_at = getelementptr i64, ptr %context, i64 {tail}
  %weight_at = getelementptr i64, ptr %context, i64 {tail + 1}
  store i64 %n, ptr %count_at, align 8
  store double %weight, ptr %weight_at, align 8
  call void @gather(ptr %x, ptr %w, ptr %X, ptr %Y, ptr %W, ptr %from, i64 %n)
  %up_to = getelementptr i64, ptr %from, i64 %n
  %at_end = icmp eq ptr %up_to, %end
  %again = select i1 %at_end, ptr %order, ptr %up_to
  %taken = add i64 %before, %n
  %over = icmp eq i64 %taken, %samples
  %placed = select i1 %over, i64 0, i64 %taken
  br label %run
run:
  %following = phi ptr [%from, %step], [%again, %take]
  %behind = phi i64 [%before, %step], [%placed, %take]"""


def gather(batches: Batches) -> Function:
    """Put samples row by row into blocks, as `layout.Layout` does: the last one fills up the last block.

    Weights of their own come with them, 0 for what fills up.
    """
    f = Function("gather", "ptr %x, ptr %w, ptr %X, ptr %Y, ptr %W, ptr %order, i64 %n")
    widths, block, grain, leaves = batches.widths, batches.block, batches.grain, sum(batches.widths)
    last = f.value("sub nuw nsw i64 %n, 1")  # a batch has a sample at least
    filled = f.value(f"and i64 {f.value(f'add nuw nsw i64 {last}, {grain}')}, {-grain}")
    weighs = f.value("icmp ne ptr %W, null")

    def sample(s: Integer) -> None:
        real = f.value(f"icmp ult i64 {s}, %n")
        which = f.value(f"select i1 {real}, i64 {s}, i64 {last}")
        number = f.value(f"load i64, ptr {f.at('%order', which, 'i64')}, align 8")
        first = f.times(f.value(f"lshr i64 {s}, {block.bit_length() - 1}"), leaves * block)
        place = f.at("%x", f.plus(first, f.value(f"and i64 {s}, {block - 1}")))
        row(f, f.at("%X", f.times(number, widths[0])), place, widths[0], block)
        row(f, f.at("%Y", f.times(number, widths[1])), f.at(place, widths[0] * block), widths[1], block)
        weight_of(f, weighs, real, number, s)

    f.loop(filled, sample)
    return f


def row(f: Function, source: str, target: str, width: int, step: int) -> None:
    """Put numbers that stand side by side where each is so many places behind the one before."""
    f.loop(width, lambda i: f.store(f.load(f.at(source, i), 1), f.at(target, f.times(i, step)), 1))


def weight_of(f: Function, weighs: str, real: str, number: str, s: Integer) -> None:
    """Put the weight of a sample into its place, where samples have some."""
    f.count += 1
    some, after = f"weight{f.count}", f"weighed{f.count}"
    f.line(f"br i1 {weighs}, label %{some}, label %{after}")
    f.begin(some)
    weight = f.value(f"select i1 {real}, double {f.load(f.at('%W', number), 1)}, double 0.0")
    f.store(weight, f.at("%w", s), 1)
    f.line(f"br label %{after}")
    f.begin(after)


def update(rule: Rule, registers: Registers, count: int) -> Function:
    """Move parameters and moments, in vectors, and keep the gradient."""
    f = Function("update", "ptr %p, ptr %g, ptr %last, ptr %moments, ptr %row, ptr %constants")
    graph, lanes = rule.graph, registers.lanes
    arrays = ["%p", "%g", *[f.at("%moments", k * count) for k in range(rule.moments)]]
    whole = count // lanes * lanes
    numbers = {node: f.load(f.at("%constants", k), 1) for k, node in enumerate(rule.constants)}  # of all parameters
    for node, (kind, args) in enumerate(zip(graph.kind, graph.args)):
        if kind == "captured":
            numbers[node] = f.load(f.at("%row", args[0]), 1)

    def some(lanes: int, first: int, rounds: int) -> None:
        uniform = {node: f.broadcast(number, lanes) for node, number in numbers.items()}

        def one(i: Integer) -> None:
            c, known, place = VectorArithmetic(f, lanes), dict(uniform), f.plus(i, first)
            for node in rule.nodes:
                kind, args = graph.kind[node], graph.args[node]
                if kind == "input":
                    known[node] = f.load(f.at(arrays[args[0]], place), lanes)
                elif node not in known:
                    known[node] = primitive(c, kind, [known[x] for x in args])
            f.store(known[rule.gradient], f.at("%last", place), lanes)
            for array, end in zip([arrays[0], *arrays[2:]], rule.ends):
                f.store(known[end], f.at(array, place), lanes)

        f.loop(rounds, one, step=lanes)

    some(lanes, 0, whole // lanes)
    some(1, whole, count - whole)
    return f

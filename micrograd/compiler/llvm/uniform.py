"""What runs once a step in LLVM: the uniform steps, packing of factors, adding up the lanes; and the entry points.

flat        the layout of the uniform vector: one number per slot, so vectors run over the rows of a step
"""

from __future__ import annotations

from micrograd.compiler.arrays.steps import Linear, Map
from micrograd.compiler.llvm.instructions import Function, kind, literal, splat
from micrograd.compiler.llvm.vectors import VectorArithmetic
from micrograd.compiler.llvm.vocabulary import primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from micrograd.compiler.arrays.steps import Index, Step
    from micrograd.compiler.llvm.code import LlvmCode
    from micrograd.compiler.llvm.instructions import Integer

UNIFORM = "ptr %u, ptr %i"


def functions(code: LlvmCode) -> list[Function]:
    """before, after, fold and result."""
    before = steps(code, "before", code.program.before)
    if code.packed:
        gather(code, before, code.packed, code.program.slots)
    return [before, steps(code, "after", code.program.after), fold(code), result(code)]


def steps(code: LlvmCode, name: str, made: list[Step]) -> Function:
    """The uniform steps, one loop each."""
    f = Function(name, UNIFORM)
    for step in made:
        if isinstance(step, Map):
            flat_map(code, f, step)
        elif isinstance(step, Linear):
            flat_sums(code, f, step)
    return f


def step_of(index: Index) -> int | None:
    """The step from each place to the next; None if it is not always the same and 0 or 1."""
    if len(index) == 1 or (index == index[0]).all():
        return 0
    return 1 if (index[1:] - index[:-1] == 1).all() else None


def flat_map(code: LlvmCode, f: Function, step: Map) -> None:
    """A primitive on slots: in vectors where all operands stand side by side, else one by one."""
    indices = [None if isinstance(x, float) else x.index for x in step.operands]
    spacing = [0 if index is None else step_of(index) for index in indices]

    def operand(i: int, place: Integer, lanes: int) -> str:
        x, index, step_ = step.operands[i], indices[i], spacing[i]
        if index is None:
            return splat(float(x), lanes)  # type: ignore[arg-type]
        if step_ is None:
            return f.load(f.at("%u", f.entry("%i", f.plus(place, code.table(index)))), 1)
        first = int(index[0])
        if step_ == 0:
            return f.broadcast(f.load(f.at("%u", first), 1), lanes)
        return f.load(f.at("%u", f.plus(place, first)), lanes)

    def run(start: int, number: int, lanes: int) -> None:
        def body(r: Integer) -> None:
            place = f.plus(r, start)
            operands = [operand(i, place, lanes) for i in range(len(step.operands))]
            value = primitive(VectorArithmetic(f, lanes), step.op.name, operands)
            f.store(value, f.at("%u", f.plus(place, step.start)), lanes)

        f.loop(number, body, step=lanes)

    lanes = 1 if None in spacing else code.machine.lanes
    full = step.count // lanes
    run(0, full, lanes)
    run(full * lanes, step.count - full * lanes, 1)


def flat_sums(code: LlvmCode, f: Function, step: Linear) -> None:
    """Sums over slots; a long one over neighbours in vectors."""
    terms, lanes = step.rows.shape[1], code.machine.lanes

    def one(r: Integer, rows: Index, slots: Index) -> None:
        start = (
            literal(-0.0)
            if step.bias is None
            else f.load(f.at("%u", f.entry("%i", f.plus(r, code.table(step.bias)))), 1)
        )
        target = f.at("%u", f.plus(r, step.start))
        along, factor = step_of(rows), step_of(slots)
        if step.count == 1 and along == 1 and factor is not None and terms >= lanes > 1 and not step.guard:
            full = terms // lanes

            def vector(k: Integer, total: str) -> list[str]:
                scale = f.load(f.at("%u", int(slots[0])), 1) if factor == 0 else ""
                scales = f.broadcast(scale, lanes) if scale else f.load(f.at("%u", f.plus(k, int(slots[0]))), lanes)
                return [f.multiply_add(scales, f.load(f.at("%u", f.plus(k, int(rows[0]))), lanes), total, lanes)]

            total = f.loop(full, vector, [(kind(lanes), splat(-0.0, lanes))], lanes)[0]
            start = f.arithmetic("fadd", start, f.sum(total, lanes), 1)
            for k in range(full * lanes, terms):
                start = f.multiply_add(
                    f.load(f.at("%u", int(slots[k])), 1), f.load(f.at("%u", int(rows[k])), 1), start, 1
                )
            f.store(start, target, 1)
            return
        table_rows, table_slots = code.table(step.rows), code.table(step.slots)

        def term(k: Integer, total: str) -> list[str]:
            place = f.plus(f.times(r, terms), k)
            x = f.load(f.at("%u", f.entry("%i", f.plus(place, table_rows))), 1)
            w = f.load(f.at("%u", f.entry("%i", f.plus(place, table_slots))), 1)
            product = f.arithmetic("fmul", w, x, 1)
            if step.guard:
                product = f.select(f.compare("une", x, literal(0.0), 1), product, literal(0.0), 1)
            return [f.arithmetic("fadd", total, product, 1)]

        f.store(f.loop(terms, term, [("double", start)])[0], target, 1)

    f.loop(step.count, lambda r: one(r, step.rows[0], step.slots[0]))


def gather(code: LlvmCode, f: Function, slots: Any, target: int) -> None:
    """Put the numbers of these slots side by side."""
    import numpy as np

    index = np.asarray(slots)
    lanes = code.machine.lanes
    first, full = int(index[0]), len(index) // lanes
    if step_of(index) == 1:

        def copy(k: Integer) -> None:
            f.store(f.load(f.at("%u", f.plus(k, first)), lanes), f.at("%u", f.plus(k, target)), lanes)

        f.loop(full, copy, step=lanes)
        for k in range(full * lanes, len(index)):
            f.store(f.load(f.at("%u", first + k), 1), f.at("%u", target + k), 1)
        return
    table = code.table(index)
    f.loop(
        len(index),
        lambda k: f.store(f.load(f.at("%u", f.entry("%i", f.plus(k, table))), 1), f.at("%u", f.plus(k, target)), 1),
    )


def fold(code: LlvmCode) -> Function:
    """Add the lanes of every accumulator to the number of its incoming slot."""
    import numpy as np

    f, lanes = Function("fold", "ptr %a, ptr %g, ptr %i"), code.machine.lanes
    if code.lane_slots:
        places = np.array(code.lane_slots) - code.program.incoming[0]
        table = code.table(places)

        def one(k: Integer) -> None:
            target = f.at("%g", f.entry("%i", f.plus(k, table)))
            total = f.sum(f.load(f.at("%a", f.times(k, lanes)), lanes), lanes)
            f.store(f.arithmetic("fadd", f.load(target, 1), total, 1), target, 1)

        f.loop(len(places), one)
    return f


def result(code: LlvmCode) -> Function:
    """The gradient side by side, the value, and the status, which is 0 if all are finite."""
    f, program, lanes = Function("result", UNIFORM), code.program, code.machine.lanes
    count = 0 if program.gradient is None else len(program.gradient)
    total = literal(0.0)
    for slot in program.value:
        total = f.arithmetic("fadd", total, f.load(f.at("%u", slot), 1), 1)
    f.store(total, f.at("%u", code.value), 1)
    status = f.arithmetic("fmul", total, literal(0.0), 1)
    if count:
        assert program.gradient is not None
        if code.gradient != int(program.gradient[0]):
            gather(code, f, program.gradient, code.gradient)
        full = count // lanes
        zero = splat(0.0, lanes)

        def add(k: Integer, total: str) -> list[str]:
            return [f.multiply_add(f.load(f.at("%u", f.plus(k, code.gradient)), lanes), zero, total, lanes)]

        sums = f.loop(full, add, [(kind(lanes), zero)], lanes)
        status = f.arithmetic("fadd", status, f.sum(sums[0], lanes), 1)
        for k in range(full * lanes, count):
            status = f.multiply_add(f.load(f.at("%u", code.gradient + k), 1), literal(0.0), status, 1)
    f.store(status, f.at("%u", code.value + 1), 1)
    return f


def weights(code: LlvmCode) -> Function:
    """The weights of a block's samples: w, and 0 for what fills the last block up."""
    f, lanes = Function("weights", "ptr %t, i64 %samples, double %w"), code.machine.lanes
    weight, numbers = f.broadcast("%w", lanes), "i64" if lanes == 1 else f"<{lanes} x i64>"
    counted = "0" if lanes == 1 else "<" + ", ".join([f"i64 {lane}" for lane in range(lanes)]) + ">"

    def some(v: Integer) -> None:
        left = f.value(f"sub i64 %samples, {v}")
        if lanes > 1:
            one = f.value(f"insertelement {numbers} poison, i64 {left}, i64 0")
            left = f.value(f"shufflevector {numbers} {one}, {numbers} poison, <{lanes} x i32> zeroinitializer")
        real = f.value(f"icmp sgt {numbers} {left}, {counted}")
        f.store(f.select(real, weight, splat(0.0, lanes), lanes), f.at("%t", v), lanes)

    f.loop(code.block // lanes, some, step=lanes)
    return f


def drivers(code: LlvmCode) -> str:
    """The entry points: `whole` for a step in one thread, `prepare`, `chunk` and `finish` for several."""
    from micrograd.compiler.llvm.code import NAMES

    program, block, grain, lanes = code.program, code.block, code.machine.grain, code.machine.lanes
    outputs = 0 if program.outputs is None else len(program.outputs)
    lane_bytes = len(code.lane_slots) * lanes * 8
    pointers = ", ".join([f"ptr %{n}" for n in NAMES])
    passed = ", ".join([f"ptr %{n}{'b' if n in 'xo' else ''}" for n in NAMES] + ["i64 %n"])
    calls = "\n".join(
        [
            f"  call void @{name}({', '.join([passed, *[f'i64 {origin}' for origin in origins]])})"
            for name, origins in code.calls
        ]
    )
    unpack = "\n".join(
        [
            f"  %p{n} = getelementptr ptr, ptr %context, i64 {k}\n  %{n} = load ptr, ptr %p{n}, align 8"
            for k, n in enumerate(NAMES)
        ]
    )
    first, count = program.incoming
    # align 8: a context is an array of 64-bit words, the others are NumPy's arrays
    vector_sum = f"declare double @llvm.vector.reduce.fadd.v{lanes}f64(double, {kind(lanes)})"
    return f"""
{vector_sum if lanes > 1 else ""}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

{weights(code).text()}

define internal void @blocks({pointers.replace("ptr", "ptr noalias")}, i64 %samples, double %w) noinline nounwind {{
entry:
  br label %next
next:
  %b = phi i64 [0, %entry], [%following, %block]
  %left = phi i64 [%samples, %entry], [%rest, %block]
  %more = icmp ugt i64 %left, {block}
  %first = icmp eq i64 %b, 0
  %last = xor i1 %more, true
  %other = or i1 %first, %last
  br i1 %other, label %weigh, label %block
weigh:
  call void @weights(ptr %t, i64 %left, double %w)
  br label %block
block:
  %up = add i64 %left, {grain - 1}
  %rounded = and i64 %up, {-grain}
  %n = select i1 %more, i64 {block}, i64 %rounded
  %xo = mul i64 %b, {code.leaves * block}
  %xb = getelementptr double, ptr %x, i64 %xo
  %oo = mul i64 %b, {outputs * block}
  %ob = getelementptr double, ptr %o, i64 %oo
{calls}
  %following = add i64 %b, 1
  %rest = sub i64 %left, {block}
  br i1 %more, label %next, label %done
done:
  ret void
}}

define void @prepare(ptr %context) nounwind {{
{unpack}
  call void @before(ptr %u, ptr %i)
  ret void
}}

define void @chunk(ptr %context) nounwind {{
{unpack}
  %ps = getelementptr i64, ptr %context, i64 {len(NAMES)}
  %samples = load i64, ptr %ps, align 8
  %pw = getelementptr i64, ptr %context, i64 {len(NAMES) + 1}
  %w = load double, ptr %pw, align 8
  call void @llvm.memset.p0.i64(ptr align 8 %g, i8 0, i64 {count * 8}, i1 false)
  call void @llvm.memset.p0.i64(ptr align 8 %a, i8 0, i64 {lane_bytes}, i1 false)
  call void @blocks({pointers}, i64 %samples, double %w)
  call void @fold(ptr %a, ptr %g, ptr %i)
  ret void
}}

define void @finish(ptr %context) nounwind {{
{unpack}
  call void @after(ptr %u, ptr %i)
  call void @result(ptr %u, ptr %i)
  ret void
}}

define void @whole(ptr %context) nounwind {{
  call void @prepare(ptr %context)
  call void @chunk(ptr %context)
  call void @finish(ptr %context)
  ret void
}}"""

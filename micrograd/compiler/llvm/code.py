"""An array program as LLVM functions: loops over blocks of samples, explicit vectors, products in register tiles.

stage       code for every block: a loop of fused steps, a product or a sum; where stages differ in nothing but where
            their rows stand, they share their code, and those places are its arguments
entry point what Python calls with the address of a `layout.Context`: `whole` for a step in one thread, `prepare`,
            `chunk` and `finish` for several
tail        what a context has beside addresses: the number of samples, the weight of each, where weights of their own
            stand, a status, which becomes 0 if all outputs are finite, and where the inputs and targets stand that are
            to be laid out
"""

from __future__ import annotations

from micrograd.compiler.arrays.gather import Gather, Scatter
from micrograd.compiler.arrays.passes import through
from micrograd.compiler.arrays.scheduling.alignment import line_up
from micrograd.compiler.arrays.scheduling.buffers import allocate
from micrograd.compiler.arrays.scheduling.fusion import Nest, apart, fuse
from micrograd.compiler.arrays.scheduling.order import by_product, in_order, one_by_one
from micrograd.compiler.arrays.steps import Linear, Outer
from micrograd.compiler.arrays.symbols import expanded
from micrograd.compiler.entries.steps import sample_entries, slots_read, uniform_entries, uniform_nodes
from micrograd.compiler.llvm import irregular, layout, sums, uniform
from micrograd.compiler.llvm.instructions import Function, kind
from micrograd.compiler.llvm.loops import Loop
from micrograd.compiler.llvm.memory import ARGUMENTS, NAMES, Memory
from micrograd.compiler.llvm.products import Product, table
from micrograd.compiler.llvm.vocabulary import VOCABULARY, declared, definitions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from micrograd.compiler.arrays.passes import Pass
    from micrograd.compiler.arrays.program import ArrayProgram
    from micrograd.compiler.arrays.scheduling.fusion import Fused
    from micrograd.compiler.arrays.steps import Index, Step
    from micrograd.compiler.entries import Entries
    from micrograd.compiler.llvm.instructions import Registers


def expand(program: ArrayProgram) -> ArrayProgram:
    """The program with the definitions of primitives that LLVM's vocabulary lacks."""
    return expanded(program, VOCABULARY)


# Of a program whose samples are not played
PASSES: list[Pass] = [expand, in_order, by_product, line_up, one_by_one, fuse, allocate]
SMALLEST_BLOCK, USUAL_BLOCK, LARGEST_BLOCK = 32, 64, 512
BLOCK_BYTES = 16384  # larger blocks than the usual must not fill more than half of a first cache
TABLE_BYTES = 40960  # rows that fit into a first cache, or nearly so; a matrix product goes through few at a time
FEW_PLACES = 12  # of a stage: they may be arguments, in registers


class LlvmCode:
    """The text of a program, its tables, and the sizes of the memory it works on.

    gradient    where it begins in the uniform vector; value: where that is, the status behind it
    passes      those that the program went through; fused: its stages; none, and None, where samples are played
    constants   (slot, number) of every constant; played: the entries of the uniform steps before and
                after the samples, and where these are irregular, theirs
    """

    def __init__(
        self, source: str, memory: Memory, gradient: int, value: int, fused: Fused | None, played: list[Entries]
    ) -> None:
        self.source, self.gradient, self.value, self.fused = source, gradient, value, fused
        self.passes = PASSES if fused else []
        self.registers, self.block, self.leaves = memory.registers, memory.block, memory.leaves
        self.tables, self.lane_slots, self.workspace_rows = memory.tables, memory.lane_slots, memory.workspace_rows
        self.constants, self.played = memory.program.constants, played


class Calls:
    """What runs for each block of samples: functions, and calls of them, each with what it passes beside the block."""

    def __init__(self) -> None:
        self.functions: list[Function] = []
        self.calls: list[tuple[str, list[str]]] = []
        self._names: dict[str, str] = {}  # text -> name

    def add(self, f: Function, *, name: str = "") -> None:
        """Call a function; one with the text of another is that one, else it gets the name."""
        text = f.text()
        known = text in self._names
        f.name = self._names.setdefault(text, name or f.name)
        self.calls.append((f.name, [f"i64 {offset}" for _, offset in f.offsets or {}]))
        if not known:
            self.functions.append(f)


def llvm_code(program: ArrayProgram, registers: Registers) -> LlvmCode:
    """The code of a program, for a processor with these registers."""
    blocks, fused = Calls(), None
    program = expand(program).copy()
    uniform_steps = [uniform_nodes(program, steps) for steps in (program.before, program.after)]
    played: list[Entries] = []
    if irregular.worth_it(program):
        memory, entries = in_lanes(program, registers, blocks)
        played.append(entries)
    else:
        program = through(PASSES, program)
        fused = program.fused or apart(program)
        memory = in_stages(program, fused, registers, blocks)
    if program.outputs is not None:
        blocks.functions.append(layout.outputs(memory, program.outputs))
        blocks.calls.append(("outputs", ["i64 %real", "ptr %status"]))
    gradient, value = uniform.results(memory)
    functions = [layout.laying(memory), *blocks.functions] + uniform.functions(memory, gradient, value)
    called = {one for f in functions for one in f.called}
    lanes = {1, registers.lanes, registers.wide} | {n for _, n in called}
    texts = [declared(lanes), definitions(called), *[f.text() for f in functions], uniform.PLAYED]
    texts += [samples(memory, blocks.calls, filled=bool(played)), entry_points(memory)]
    read = slots_read(program)
    played = [*[uniform_entries(*one, value + 2) for one in zip(uniform_steps, read)], *played]
    return LlvmCode("\n\n".join(texts) + "\n", memory, gradient, value, fused, played)


def in_lanes(program: ArrayProgram, registers: Registers, blocks: Calls) -> tuple[Memory, Entries]:
    """For an irregular program: its entries, and what gathers and the sums as stages."""
    entries, places, filled = sample_entries(program)
    leaves = program.weight
    memory = Memory(program, registers, irregular.LANES, places + leaves, entries.size + leaves)
    blocks.functions.append(irregular.filling(memory, filled))
    blocks.add(irregular.copying(memory))
    for number, step in enumerate(program.steps):
        if isinstance(step, Gather):
            blocks.add(stage_code(memory, Nest(0, step), [], []), name=f"gather{number}")
    blocks.add(irregular.playing(uniform.SAMPLES))
    for number, one in enumerate(program.sums):
        blocks.add(stage_code(memory, Nest(0, one), [], []), name=f"stage{number}")
    return memory, entries


def in_stages(program: ArrayProgram, fused: Fused, registers: Registers, blocks: Calls) -> Memory:
    """For any other: its stages, a nest of loops each."""
    buffers = program.buffers
    assert buffers is not None
    block = block_size(program.steps, buffers.count)
    memory = Memory(program, registers, block, buffers.of, buffers.count, fused.lane_slots)
    for number, nest in enumerate(fused.nests):
        own = fused.own(number)
        kept = [step for step in (*nest.items, nest.step) if step in own and fused.in_memory[step.own].any()]
        blocks.add(stage_code(memory, nest, kept, buffers.early.get(number, [])), name=f"stage{number}")
    return memory


def block_size(steps: Sequence[Step], places: int) -> int:
    """As many samples as is good for so many places."""
    if max([step.table_rows() for step in steps], default=0) * USUAL_BLOCK * 8 > TABLE_BYTES:
        return SMALLEST_BLOCK
    block = USUAL_BLOCK
    while block < LARGEST_BLOCK and 2 * block * 8 * places <= BLOCK_BYTES:
        block *= 2
    return block


def stage_code(memory: Memory, stage: Nest, kept: list[Step], early: list[Index]) -> Function:
    """The code of a stage; where there is one call alone, LLVM puts the numbers in that it passes."""
    f, step, registers = Function("stage", ARGUMENTS), stage.step, memory.registers
    slots = [index for item in stage.items for index in item.slot_columns()]
    if step is not None or len(stage.reads()) + len(slots) <= FEW_PLACES:
        f.offsets = {}
    if step is None:
        Loop(memory, f, stage, registers.wide, kept, early).whole()
    elif isinstance(step, Linear) and step.shared:
        lanes = registers.lanes * registers.tile_vectors
        goes_on = stage.items or stage.sums
        Product(memory, f, step, Loop(memory, f, stage, lanes, kept, early) if goes_on else None).whole()
    elif isinstance(step, Linear):
        table(memory, f, step)
    elif isinstance(step, Gather):
        sums.gather(memory, f, step)
    elif isinstance(step, Scatter):
        sums.scatter(memory, f, step)
    elif isinstance(step, Outer):
        sums.outer(memory, f, step)
    else:
        sums.pairs(memory, f, step)
    return f


def samples(memory: Memory, calls: list[tuple[str, list[str]]], filled: bool) -> str:
    """The loop over blocks of samples, as many as are left; the weights are written for the first and the last.

    Those that each sample has of its own are written for every block, the filled rows of an irregular program once.
    It is long because it is one function of LLVM, which reads best in one piece.
    """
    program, block, grain, lanes = memory.program, memory.block, memory.registers.grain, memory.registers.lanes
    inputs, outputs = program.trace.inputs, 0 if program.outputs is None else len(program.outputs)
    passed = ", ".join([f"ptr %{n}{'b' if n in 'xo' else ''}" for n in NAMES] + ["i64 %n"])
    called = "\n".join([f"  call void @{name}({', '.join([passed, *more])})" for name, more in calls])
    arrays = ", ".join([f"ptr noalias %{n}" for n in NAMES])
    fill = f"  call void @fill({', '.join([f'ptr %{n}' for n in NAMES] + ['i64 0'])})" if filled else ""
    vector_sum = f"declare double @llvm.vector.reduce.fadd.v{lanes}f64(double, {kind(lanes)})"
    return f"""
{vector_sum if lanes > 1 else ""}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

{uniform.weights(memory).text()}

define internal void @blocks({arrays}, ptr %tail) noinline nounwind {{
entry:
  %samples = load i64, ptr %tail, align 8
  %pw = getelementptr i64, ptr %tail, i64 1
  %w = load double, ptr %pw, align 8
  %pws = getelementptr i64, ptr %tail, i64 2
  %ws = load ptr, ptr %pws, align 8
  %own = icmp ne ptr %ws, null
  %status = getelementptr i64, ptr %tail, i64 3
  store double 0.0, ptr %status, align 8
  %pinputs = getelementptr i64, ptr %tail, i64 4
  %inputs = load ptr, ptr %pinputs, align 8
  %ptargets = getelementptr i64, ptr %tail, i64 5
  %targets = load ptr, ptr %ptargets, align 8
  %given = icmp ne ptr %inputs, null
{fill}
  br label %next
next:
  %b = phi i64 [0, %entry], [%following, %run]
  %left = phi i64 [%samples, %entry], [%rest, %run]
  %more = icmp ugt i64 %left, {block}
  %first = icmp eq i64 %b, 0
  %last = xor i1 %more, true
  %end = or i1 %first, %last
  %other = or i1 %end, %own
  br i1 %other, label %weigh, label %block
weigh:
  br i1 %own, label %copy, label %fill
copy:
  %wo = mul i64 %b, {block}
  %wb = getelementptr double, ptr %ws, i64 %wo
  call void @llvm.memcpy.p0.p0.i64(ptr align 8 %t, ptr align 8 %wb, i64 {block * 8}, i1 false)
  br label %block
fill:
  call void @weights(ptr %t, i64 %left, double %w)
  br label %block
block:
  %up = add i64 %left, {grain - 1}
  %rounded = and i64 %up, {-grain}
  %n = select i1 %more, i64 {block}, i64 %rounded
  %real = select i1 %more, i64 {block}, i64 %left
  %oo = mul i64 %b, {outputs * block}
  %ob = getelementptr double, ptr %o, i64 %oo
  %xo = mul i64 %b, {memory.leaves * block}
  %laid = getelementptr double, ptr %x, i64 %xo
  %xb = select i1 %given, ptr %x, ptr %laid
  br i1 %given, label %lay, label %run
lay:
  %io = mul i64 %b, {inputs * block}
  %ib = getelementptr double, ptr %inputs, i64 %io
  %to = mul i64 %b, {(memory.leaves - inputs) * block}
  %tb = getelementptr double, ptr %targets, i64 %to
  call void @lay(ptr %x, ptr %ib, ptr %tb, i64 %n, i64 %real)
  br label %run
run:
{called}
  %following = add i64 %b, 1
  %rest = sub i64 %left, {block}
  br i1 %more, label %next, label %done
done:
  ret void
}}"""


def entry_points(memory: Memory) -> str:
    """What Python calls: functions of LLVM, which read best side by side."""
    lane_bytes = len(memory.lane_slots) * memory.registers.lanes * 8
    arrays = ", ".join([f"ptr %{n}" for n in NAMES])
    # align 8: a context is an array of 64-bit words, the others are NumPy's arrays
    unpack = "\n".join(
        [
            f"  %p{n} = getelementptr ptr, ptr %context, i64 {k}\n  %{n} = load ptr, ptr %p{n}, align 8"
            for k, n in enumerate(NAMES)
        ]
    )
    return f"""define void @prepare(ptr %context) nounwind {{
{unpack}
  call void @before(ptr %u, ptr %i)
  ret void
}}

define void @chunk(ptr %context) nounwind {{
{unpack}
  %tail = getelementptr i64, ptr %context, i64 {len(NAMES)}
  call void @llvm.memset.p0.i64(ptr align 8 %g, i8 0, i64 {memory.program.incoming[1] * 8}, i1 false)
  call void @llvm.memset.p0.i64(ptr align 8 %a, i8 0, i64 {lane_bytes}, i1 false)
  call void @blocks({arrays}, ptr %tail)
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

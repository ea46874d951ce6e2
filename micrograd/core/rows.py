"""The rows of the table in C: reads the source of `functions`, `ops` and `engine`, and writes headers for the core.

It runs when the package is built, alone, and so is one file: it imports nothing of the package, and works on syntax
trees. All operands are doubles there, so that `x.__class__ is float` holds and every branch for other operands falls
away. A `try` is its body where <math.h> gives what stands in the handler. A row that is written in any other way is
left out, and stays in Python.

value       the function of C that computes a row
local       that of a local derivative, of the operands and the value
method      a name on Value that the class makes from a row: `exp = unary(ops.EXP)`
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SOURCES = ("functions.py", "ops.py", "engine.py")  # what the core must agree with
FROM_ENGINE = {  # what the core has of its own -> how it is called
    "backward": "($self)",
    "assemble": "($module, op, z, args, partials, /)",
    "inner_nodes": "($module, root, /)",
    "topological": "($module, root, /)",
}
CLEAR = "\n--\n\n"  # between the signature and the text of a docstring in C
OPERATORS = "add sub mul div pow neg abs less less_equal greater greater_equal".split()  # rows that the core needs
MATH = "exp expm1 log log1p sqrt fabs sin cos tan sinh cosh tanh asin acos atan atan2 erf pow fmod copysign".split()
CONSTANTS = {"inf": "INFINITY", "nan": "NAN"}
KEYWORDS = set("auto break case char const continue default do double else enum extern float for goto if inline int "
               "long register restrict return short signed sizeof static struct switch typedef union unsigned void "
               "volatile while asm typeof complex".split())  # fmt: skip
ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
HANDLERS = """
try:
    return math.exp(x)
except OverflowError:
    return inf
-
try:
    return math.expm1(x)
except OverflowError:
    return inf
-
try:
    return math.cosh(x)
except OverflowError:
    return inf
-
try:
    return math.sinh(x)
except OverflowError:
    return math.copysign(inf, x)
-
try:
    return x / y
except ZeroDivisionError:
    return nan if x == 0.0 or x != x else math.copysign(inf, x) * math.copysign(1.0, y)
-
try:
    return math.pow(x, y)
except OverflowError:
    return -inf if x < 0.0 and y % 2.0 == 1.0 else inf
except ValueError:
    odd = y > -inf and math.fmod(y, 2.0) == -1.0
    return nan if x != 0.0 else math.copysign(inf, x) if odd else inf
"""  # where Python raises, and what C gives by itself
BY_IEEE = {ast.unparse(ast.parse(text)) for text in HANDLERS.split("-\n")}
FROM_OPERATOR = {"add": "x + y", "sub": "x - y", "mul": "x * y", "neg": "-x"}
FACTORIES = {"unary": 1, "binary": 2, "function": 2}  # of `engine` -> operands
HYPOT = "python_hypot"  # CPython's, which has digits of its own; it may raise


class Outside(Exception):
    """What is written in a way that is not translated."""


class Row:
    """What a call of `Op` says: name, the value, and one partial per operand, as syntax trees."""

    def __init__(self, call: ast.Call) -> None:
        given = dict(zip(("name", "symbol", "forward", "partials"), call.args))
        given.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None})
        self.name: str = ast.literal_eval(given["name"])
        self.forward, partials = given["forward"], given["partials"]
        if not self.name.isidentifier() or not isinstance(partials, ast.Tuple):
            raise Outside(ast.unparse(call))
        self.partials = partials.elts
        self.selects = "selects" in given and bool(ast.literal_eval(given["selects"]))


class Translator:
    """Functions of Python over floats as functions of C over doubles, each before those that call it.

    functions   name -> syntax tree
    constants   name -> text of a number
    texts       name -> text in C, of those translated so far
    raising     names of those that may raise in Python
    """

    def __init__(self, functions: dict[str, ast.FunctionDef], constants: dict[str, str]) -> None:
        self.functions, self.constants = functions, constants
        self.texts: dict[str, str] = {}
        self.raising: set[str] = set()
        self.waiting: list[str] = []  # being translated now

    def called(self, name: str) -> str:
        """The name in C of a function of Python; it is translated if it was not."""
        if name not in self.functions or name in self.waiting:
            raise Outside(f"the function {name}")
        made = f"of_{name}"
        if made not in self.texts:
            tree = self.functions[name]
            self.waiting.append(name)
            try:
                self.define(made, [a.arg for a in tree.args.args], tree.body)
            finally:
                self.waiting.pop()
        return made

    def define(self, made: str, arguments: Sequence[str], statements: Sequence[ast.stmt], **known: float) -> None:
        """Translate a function; `known` are arguments with a number."""
        body = Body(self, arguments)
        fixed = [f"    const double {name} = {literal(x)};" for name, x in known.items()]
        lines = body.statements(statements, "    ")
        if not lines or "return" not in lines[-1]:
            raise Outside(f"{made} may end without a value")
        open_ = [name for name in arguments if name not in known]
        unused = [f"    (void){name};" for name in arguments if name not in body.used]
        head = f"static inline double {made}({', '.join([f'double {name}' for name in open_])})"
        self.texts[made] = "\n".join([head, "{", *fixed, *unused, *lines, "}"])
        if body.raises:
            self.raising.add(made)

    def expression(self, made: str, tree: ast.expr, given: Sequence[str], **known: float) -> None:
        """A function from a lambda, the name of a function, an operator or a number; `given` are its arguments."""
        if isinstance(tree, ast.Lambda):
            names = [a.arg for a in tree.args.args]
            known = {names[given.index(name)]: x for name, x in known.items()}
            given, returned = names, tree.body
        elif isinstance(tree, ast.Attribute) and ast.unparse(tree.value) == "operator" and tree.attr in FROM_OPERATOR:
            returned = ast.parse(FROM_OPERATOR[tree.attr], mode="eval").body
        elif isinstance(tree, ast.Name):
            returned = ast.Call(tree, [ast.Name(name) for name in given], [])
        else:
            returned = tree
        self.define(made, given, [ast.Return(returned)], **known)


class Body:
    """The body of one function; `used` are the names that it reads."""

    def __init__(self, translator: Translator, arguments: Sequence[str]) -> None:
        self.translator, self.known, self.used = translator, set(arguments), set[str]()
        self.raises = False
        if self.known & KEYWORDS:
            raise Outside("a keyword of C")

    def statements(self, trees: Sequence[ast.stmt], indent: str) -> list[str]:
        """Lines of C; nothing stands behind what always returns."""
        lines: list[str] = []
        for tree in trees:
            if isinstance(tree, ast.Return) and tree.value is not None:
                return [*lines, f"{indent}return {self.number(tree.value)};"]
            if isinstance(tree, ast.If):
                holds = known(tree.test)
                chosen = tree.body if holds else tree.orelse
                if holds is None:
                    lines += self.choice(tree, indent)
                elif chosen:
                    lines += self.statements(chosen, indent)
                    if isinstance(chosen[-1], ast.Return):
                        return lines
            elif isinstance(tree, ast.Try) and ast.unparse(tree) in BY_IEEE:
                return [*lines, *self.statements(tree.body, indent)]
            elif isinstance(tree, ast.Assign):
                lines += self.assignment(tree, indent)
            elif not isinstance(tree, ast.Expr) or not isinstance(tree.value, ast.Constant):  # but a docstring
                raise Outside(ast.unparse(tree))
        return lines

    def choice(self, tree: ast.If, indent: str) -> list[str]:
        """A branch on numbers."""
        before = set(self.known)
        lines = [f"{indent}if ({self.condition(tree.test)}) {{", *self.statements(tree.body, indent + "    ")]
        self.known = set(before)
        if tree.orelse:
            lines += [f"{indent}}}", f"{indent}else {{", *self.statements(tree.orelse, indent + "    ")]
        self.known = before  # what is named in a branch ends there
        return [*lines, f"{indent}}}"]

    def assignment(self, tree: ast.Assign, indent: str) -> list[str]:
        """Names for numbers, each once."""
        [target] = tree.targets
        pairs = [(target, tree.value)]
        if isinstance(target, ast.Tuple) and isinstance(tree.value, ast.Tuple):
            pairs = list(zip(target.elts, tree.value.elts))
        texts = [self.number(value) for _, value in pairs]
        names = [name.id for name, _ in pairs if isinstance(name, ast.Name)]
        if len(names) < len(pairs) or set(names) & (self.known | KEYWORDS | set(CONSTANTS)):
            raise Outside(ast.unparse(tree))
        self.known.update(names)
        return [f"{indent}const double {name} = {text};" for name, text in zip(names, texts)]

    def number(self, tree: ast.expr) -> str:
        """An expression as a double, in brackets where it is more than a word."""
        if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)):
            return literal(tree.value)
        if isinstance(tree, ast.Name):
            return self.name(tree.id)
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow):
            try:
                return literal(ast.literal_eval(tree.left) ** ast.literal_eval(tree.right))
            except ValueError:
                raise Outside(ast.unparse(tree)) from None
        if isinstance(tree, ast.BinOp) and type(tree.op) in ARITHMETIC:
            return f"({self.number(tree.left)} {ARITHMETIC[type(tree.op)]} {self.number(tree.right)})"
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return f"(-{self.number(tree.operand)})"
        if isinstance(tree, ast.IfExp):
            return f"({self.condition(tree.test)} ? {self.number(tree.body)} : {self.number(tree.orelse)})"
        if isinstance(tree, ast.Compare):
            return f"({self.condition(tree)} ? 1.0 : 0.0)"
        if isinstance(tree, ast.Call) and not tree.keywords:
            return self.call(tree)
        raise Outside(ast.unparse(tree))

    def name(self, name: str) -> str:
        """An argument, a number that has a name, or a constant."""
        if name in self.known:
            self.used.add(name)
            return name
        if name not in CONSTANTS and name not in self.translator.constants:
            raise Outside(f"the name {name}")
        return CONSTANTS.get(name) or self.translator.constants[name]

    def call(self, tree: ast.Call) -> str:
        """A call of another function, of `math`, or of `where`, which does not evaluate the branch not taken."""
        named = ast.unparse(tree.func)
        if named == "where" and len(tree.args) == 3:
            condition, x, y = tree.args
            return f"({self.condition(condition)} ? {self.number(x)} : {self.number(y)})"
        if named.startswith("math."):
            made = HYPOT if named == "math.hypot" and len(tree.args) == 2 else named.removeprefix("math.")
            if made not in {HYPOT, *MATH}:
                raise Outside(named)
        else:
            made = self.translator.called(named)
        self.raises |= made == HYPOT or made in self.translator.raising
        return f"{made}({', '.join([self.number(argument) for argument in tree.args])})"

    def condition(self, tree: ast.expr) -> str:
        """What is true or false."""
        if isinstance(tree, ast.BoolOp):
            held = isinstance(tree.op, ast.And)
            parts = [self.condition(part) for part in tree.values if known(part) is not held]
            return (" && " if held else " || ").join([f"({part})" for part in parts])
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
            return f"!({self.condition(tree.operand)})"
        if isinstance(tree, ast.Call) and ast.unparse(tree.func) == "math.isfinite":
            return f"isfinite({self.number(tree.args[0])})"
        if isinstance(tree, ast.Compare) and all(type(sign) in COMPARISONS for sign in tree.ops):
            terms = [self.number(term) for term in (tree.left, *tree.comparators)]
            signs = [COMPARISONS[type(sign)] for sign in tree.ops]
            return " && ".join([f"{a} {sign} {b}" for a, sign, b in zip(terms, signs, terms[1:])])
        return f"{self.number(tree)} != 0.0"


def known(tree: ast.expr) -> bool | None:
    """Whether a condition holds because all operands are floats; None where it depends on numbers."""
    if isinstance(tree, ast.Compare) and ast.unparse(tree.left).endswith(".__class__"):
        if ast.unparse(tree.comparators[0]) == "float" and isinstance(tree.ops[0], (ast.Is, ast.IsNot)):
            return isinstance(tree.ops[0], ast.Is)
    if isinstance(tree, ast.Call) and ast.unparse(tree.func) == "thorough":
        return True
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        held = known(tree.operand)
        return None if held is None else not held
    if isinstance(tree, ast.BoolOp):
        parts = [known(part) for part in tree.values]
        decides = isinstance(tree.op, ast.Or)
        return decides if decides in parts else None if None in parts else not decides
    return None


def literal(x: float) -> str:
    """A number in C.

    >>> literal(2), literal(1e-300)
    ('2.0', '1e-300')
    """
    return repr(float(x))


def without_names(call: ast.Call, functions: dict[str, ast.FunctionDef]) -> ast.Call | None:
    """The call of `Op` that an expression of ops comes to: itself, or what a function returns that is called."""
    if not isinstance(call.func, ast.Name):
        return None
    if call.func.id == "Op":
        return call
    made = functions.get(call.func.id)
    last = made.body[-1] if made is not None else None
    if made is None or not isinstance(last, ast.Return) or not isinstance(last.value, ast.Call):
        return None
    given = dict(zip([a.arg for a in made.args.args], call.args))

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return given.get(node.id, node)

    inner = Filled().visit(ast.parse(ast.unparse(last.value), mode="eval").body)
    return inner if ast.unparse(inner.func) == "Op" else None


def table(tree: ast.Module, functions: dict[str, ast.FunctionDef]) -> dict[str, Row]:
    """The rows by the names of their variables in ops, those with one operand or two."""
    found: dict[str, Row] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            call = without_names(statement.value, functions)
            try:
                row = None if call is None else Row(call)
            except (Outside, KeyError, ValueError):
                continue
            if row is not None and len(row.partials) in (1, 2):
                found[ast.unparse(statement.targets[0])] = row
    return found


def made_by_rows(tree: ast.Module) -> list[tuple[str, str, int]]:
    """(name on Value, variable of its row in ops, number of operands) of the methods that are made from rows."""
    [value] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Value"]
    found: list[tuple[str, str, int]] = []
    for line in value.body:
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Call):
            factory, arguments = ast.unparse(line.value.func), [ast.unparse(x) for x in line.value.args]
            if factory in FACTORIES and len(arguments) == 1 and arguments[0].startswith("ops."):
                name = ast.unparse(line.targets[0])
                found.append((name, arguments[0].removeprefix("ops."), FACTORIES[factory]))
    return found


def translated(row: Row, translator: Translator) -> str:
    """The line of a row in the list of rows; its functions go to the translator."""
    operands = ["x", "y"][: len(row.partials)]
    kinds = []
    before = dict(translator.texts)
    try:
        made = [f"{row.name}_value"]
        translator.expression(made[0], row.forward, operands)
        for i, partial in enumerate(row.partials):
            made.append(f"{row.name}_local_{i}")
            number = number_of(partial)
            if row.selects and number is None:  # of the adjoint 1, as `engine.cached` has it
                translator.expression(made[-1], partial, [*operands, "out", "g"], g=1.0)
            else:
                translator.expression(made[-1], partial, [*operands, "out"])
            always = number is None and not row.selects
            kinds.append("ALWAYS" if always else "NEVER" if number == 0.0 else "UNLESS_ZERO")
    except Outside:
        translator.texts = before
        raise
    raises = int(bool(translator.raising & {*made}))
    return f"ROW({', '.join([row.name, *kinds, str(raises)])})"


def number_of(tree: ast.expr) -> float | None:
    """A constant, or None."""
    try:
        return float(ast.literal_eval(tree))
    except (ValueError, TypeError):
        return None


def described(name: str, functions: dict[str, ast.FunctionDef]) -> str:
    """What `help` shows of a method, as `messages.help.document` has it, with the signature in front."""
    tree = functions.get(name)
    text = "" if tree is None else whole(tree).split("\n\n")[0]
    return text + f" See `micrograd.{name}`." if text else ""


def documented(signature: str, text: str) -> str:
    """A docstring in C."""
    return f"PyDoc_STR({json.dumps(signature + CLEAR + text, ensure_ascii=False)})"


def digest(contents: Iterable[bytes]) -> int:
    """64 bits that tell whether the sources are those that were translated; the core has the same function.

    >>> digest([b"row"]) == digest([b"row "])
    False
    """
    whole, found = b"".join(contents), 0
    whole += bytes(-len(whole) % 8)
    for place in range(0, len(whole), 8):
        found = (found ^ int.from_bytes(whole[place : place + 8], "little")) * 0x9E3779B97F4A7C15 % 2**64
        found ^= found >> 29
    return found


def headers(package: Path) -> dict[str, str]:
    """The two headers of the core, from the folder of the package: rows.h has the formulas, texts.h what they are.

    ValueError where an operator cannot be translated.
    """
    contents = [(package / name).read_bytes() for name in SOURCES]
    trees = [ast.parse(content) for content in contents]
    engine = {tree.name: tree for tree in ast.walk(trees[-1]) if isinstance(tree, ast.FunctionDef)}
    docs = {name: documented(name + call, whole(engine[name])) for name, call in FROM_ENGINE.items()}
    texts = [
        f'#define SOURCES "{" ".join(SOURCES)}"',
        f"#define DIGEST {digest(contents)}ULL",
        f"#define DIGEST_OF_C {digest([path.read_bytes() for path in c_files(package)])}ULL",
        *[f"#define {name.upper()}_DOC {doc}" for name, doc in docs.items()],
    ]
    head = f"/* Written by {Path(__file__).name} from {', '.join(SOURCES)}: do not edit. */"
    return {"rows.h": "\n".join([head, *formulas(*trees), ""]), "texts.h": "\n".join([head, *texts, ""])}


def c_files(package: Path) -> list[Path]:
    """The core's own sources."""
    return sorted([*(package / "core").glob("*.c"), *(package / "core").glob("*.h")])


def formulas(functions_tree: ast.Module, ops_tree: ast.Module, engine_tree: ast.Module) -> list[str]:
    """The functions of all rows that a method of Value is made from, and the lists of rows and methods."""
    trees = [*functions_tree.body, *ops_tree.body]
    functions = {tree.name: tree for tree in trees if isinstance(tree, ast.FunctionDef)}
    constants = {
        ast.unparse(tree.targets[0]): literal(tree.value.value)
        for tree in trees
        if isinstance(tree, ast.Assign) and isinstance(tree.value, ast.Constant) and isinstance(tree.value.value, float)
    }
    translator, rows = Translator(functions, constants), table(ops_tree, functions)
    lists: dict[int, dict[str, str]] = {1: {}, 2: {}}
    methods = []
    for name, variable, operands in made_by_rows(engine_tree):
        row = rows.get(variable)
        if row is None or len(row.partials) != operands:
            continue
        if row.name not in lists[operands]:
            try:
                lists[operands][row.name] = translated(row, translator)
            except Outside:
                continue
        if not name.startswith("_"):
            call, kind = ("($self)", "METH_NOARGS") if operands == 1 else ("($self, other)", "METH_O")
            doc = documented(name + call, described(name, functions))
            methods.append(f'{{"{name}", {row.name}_method, {kind}, {doc}}},')
    missing = [name for name in OPERATORS if name not in lists[1] and name not in lists[2]]
    if missing:
        raise ValueError(f"the core needs the rows {', '.join(missing)}, which are written in a way that has no C")
    return [
        *translator.texts.values(),
        listed("ROWS_OF_ONE(ROW)", lists[1].values()),
        listed("ROWS_OF_TWO(ROW)", lists[2].values()),
        listed("METHODS", methods),
    ]


def whole(tree: ast.FunctionDef) -> str:
    """The docstring of a function as it stands."""
    return ast.get_docstring(tree, clean=False) or ""


def listed(name: str, items: Iterable[str]) -> str:
    """A macro that is a list."""
    return " \\\n    ".join([f"#define {name}", *items])

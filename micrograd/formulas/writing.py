"""How the signs of a formula are written: as text, as text in a page (HTML), in LaTeX. Everything comes from the rows.

template    what a row looks like, {0} and {1} stand for the operands
binding     its strength, and the least strength of each operand that needs no brackets, as in `ops`
"""

from __future__ import annotations

from html import escape

from micrograd.notation.signs import (
    SUBSCRIPTS,
    SUPERSCRIPTS,
    count,
    latex_count,
    latex_name,
    latex_numeral,
    maths,
    numeral,
    text_name,
)
from micrograd.ops import ADD, ATOM, MUL, NEG, POW, PRODUCT, SUB, Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    Layout = tuple[str, tuple[int, ...]]

SIGNS = str.maketrans({"×": "·", "÷": "/", "*": "^"})  # signs of pictures as they are written in a line


class Writing:
    """One way of writing: text for terminals. The others derive from it."""

    dots, factor_sign = "⋯", " · "

    def __init__(self, gap: str = " ") -> None:
        self.gap = gap
        self.layouts: dict[Op, Layout] = {}
        self.tight = self if gap == "" else type(self)("")  # for the factors of a chain, which stand apart themselves

    def name(self, label: str) -> str:
        """A label."""
        return text_name(label)

    def number(self, x: float) -> str:
        """A number, to three digits."""
        return numeral(x)

    def count(self, n: int) -> str:
        """A whole number, in full where that can be read."""
        return count(n)

    def bracket(self, text: str) -> str:
        """The formula in brackets."""
        return f"({text})"

    def layout(self, op: Op) -> Layout:
        """(template, binding) of a row."""
        if op not in self.layouts:
            self.layouts[op] = self.lay_out(op)
        return self.layouts[op]

    def lay_out(self, op: Op) -> Layout:
        """The layout of a row on a line, from its symbol and its binding.

        What LaTeX holds together by its layout (least strength 0: a fraction bar, an exponent) needs brackets on a
        line. Another row is a function, unless its LaTeX is text as it stands: |x|.
        """
        count, sign = len(op.partials), op.symbol.translate(SIGNS).replace("^^", "^")
        own, *least = op.binding[: count + 1]
        if count == 2 and (op.sign or op is POW):
            if op.comparison:  # in square brackets
                return f"[{{0}}{self.gap}{sign}{self.gap}{{1}}]", (own, 0, 0)
            gap = self.gap if own < PRODUCT else ""
            return f"{{0}}{gap}{sign}{gap}{{1}}", (own, least[0] or own, least[1] or own + 1)
        if count == 1 and len(sign) == 1 and not sign.isalnum():
            return sign + "{0}", (own, least[0] or ATOM)
        plain = op.latex.replace(r"\left", "").replace(r"\right", "")
        if count == 1 and own == ATOM and not any(c in plain for c in "\\^"):
            return plain, (ATOM, 0)
        head = sign if sign.rstrip("'").isalnum() else op.name
        return head + "(" + ", ".join([f"{{{i}}}" for i in range(count)]) + ")", (ATOM,) + (0,) * count

    def raised(self, base: str, exponent: float) -> str:
        """The base with an exponent; "" if the exponent is not a small whole number."""
        if exponent != int(exponent) or abs(exponent) >= 1000.0:
            return ""
        return base + numeral(exponent).translate(SUPERSCRIPTS)

    def coefficient(self, x: float, text: str) -> str:
        """A number times a formula: 2x, 2(x + 1), but 2·3x and 0.5·w."""
        called = text.endswith(")") and "(" in text
        number = self.number(x)
        letter = text[:1].isalpha() and not (text[:1] in "eE" and text[1:2].isdigit())
        single = len(text) == 1 or not (text[1].isalpha() or text[1] in "0123456789")
        if number.isdigit() and x == int(x) != 0 and (text[:1] == "(" or letter and (called or single)):
            return number + text
        return self.layout(MUL)[0].format(number, text)

    def negated(self, text: str, strength: int) -> str:
        """Minus a formula."""
        template, (_, least) = self.layout(NEG)
        return template.format(text if strength >= least else self.bracket(text))

    def added(self, text: str, x: float) -> str:
        """A sum with a number more; "" is the empty sum."""
        if not text:
            return self.number(x)
        return self.layout(SUB if x < 0.0 else ADD)[0].format(text, self.number(abs(x)))

    def comparison(self, op: Op, x: str, y: str) -> str:
        """A comparison as a statement, without the brackets of its number 0 or 1."""
        return self.layout(op)[0].format(x, y)[1:-1]

    def words(self, text: str) -> str:
        """A word inside a formula."""
        return text

    def slope(self, top: str, bottom: str) -> str:
        """∂top/∂bottom."""
        return f"∂{top}/∂{bottom}"

    def inline_slope(self, top: str, bottom: str) -> str:
        """∂top/∂bottom in a sentence."""
        return self.slope(top, bottom)

    def equal(self, *sides: str) -> str:
        """Sides that are equal."""
        return " = ".join(sides)

    def numbered(self, text: str, i: int) -> str:
        """A derivative told apart by the operand it goes through."""
        return f"({text})" + str(i).translate(SUBSCRIPTS)


class Page(Writing):
    """Text in HTML: names in maths type, everything escaped."""

    def name(self, label: str) -> str:
        return escape(maths(label))

    def lay_out(self, op: Op) -> Layout:
        template, binding = super().lay_out(op)
        return escape(template, quote=False), binding


class Latex(Writing):
    """LaTeX maths."""

    dots, factor_sign = r"\cdots", r" \cdot "

    def name(self, label: str) -> str:
        return latex_name(label)

    def number(self, x: float) -> str:
        return latex_numeral(x)

    def count(self, n: int) -> str:
        return latex_count(n)

    def bracket(self, text: str) -> str:
        return f"\\left({text}\\right)"

    def lay_out(self, op: Op) -> Layout:
        # \left puts a space between a function and its bracket, unless they are told to open and close as one
        latex = op.latex.replace(r"\left(", r"\mathopen{{}}\left(").replace(r"\right)", r"\right)\mathclose{{}}")
        return latex, op.binding

    def raised(self, base: str, exponent: float) -> str:
        return POW.latex.format(base, self.number(exponent))

    def coefficient(self, x: float, text: str) -> str:
        number = self.number(x)
        if text.lstrip("{")[:1].isdigit() or x == 0.0 or "10^" in number:
            return self.layout(MUL)[0].format(number, text)
        return f"{number} {text}"

    def words(self, text: str) -> str:
        return f"\\text{{{text}}}"

    def slope(self, top: str, bottom: str) -> str:
        return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"

    def inline_slope(self, top: str, bottom: str) -> str:
        return rf"\partial {top} / \partial {bottom}"

    def numbered(self, text: str, i: int) -> str:
        return rf"\left({text}\right)_{{{i}}}"


TEXT, PAGE, LATEX = Writing(), Page(), Latex()

"""How names and numbers are written: as text, in maths type, in LaTeX.

label       what a user called a value: any string at all
mark        a number at the end of a label that tells it from others that look alike, as in x₍₂₎; see `naming`
text        for terminals: `yhat` is ŷ, `alpha` is α, w1 stays w1
maths       for pages: w1 is w₁, too
clean       free of characters that XML forbids or that would reorder the text around it
"""

from __future__ import annotations

from functools import lru_cache
from math import isinf, isnan, log10

SHORT, LONGEST = 24, 40
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "kappa": "κ", "lambda": "λ", "lam": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
COMMANDS = {letter: f"\\{name}" for name, letter in GREEK.items() if name not in ("eps", "lam")}
ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307"}
MARKS = {character: name for name, character in ACCENTS.items()}
WORDS = frozenset(("what", "that", "chat"))  # no letters with a hat
SUBSCRIPTS = str.maketrans("0123456789()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
SUPERSCRIPTS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
LOWERED = {lowered: plain for plain, lowered in SUBSCRIPTS.items()}
CONTROLS = dict.fromkeys(range(0x2400, 0x2425), " ")  # MathJax fails on the pictures of control characters
RAISED = {raised: plain for plain, raised in SUPERSCRIPTS.items()}
# What means something in LaTeX; each stands for itself in maths, in every renderer. `{<}` opens no tag in Markdown.
ESCAPES = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": "{ˆ}", "~": r"\sim ", "<": "{<}", ">": "{>}", "|": r"\vert ", " ": r"\ ", "`": "{‘}", "'": "{’}", '"': "{”}",
    "⋯": r"\cdots ", "*": "{∗}", "-": "{-}", "@": "{@}",
}  # fmt: skip


def marked(label: str, number: int) -> str:
    """A label with a mark, which stands low so that nobody takes it for a power.

    >>> marked("x", 2)
    'x₍₂₎'
    """
    return label + f"({number})".translate(SUBSCRIPTS)


def unmarked(label: str) -> tuple[str, str]:
    """(the label without its mark, the mark), "" if it has none.

    >>> unmarked("learning rate₍₂₎"), unmarked("x")
    (('learning rate', '₍₂₎'), ('x', ''))
    """
    stem, opening, rest = label.rpartition("₍")
    return (stem, opening + rest) if stem and rest[-1:] == "₎" and rest[:-1].isdigit() else (label, "")


@lru_cache(maxsize=4096)
def parts(label: str) -> tuple[str, str, str, str] | None:
    """(letter or word, accent, index, order) of a short label that reads as a mathematical name, else None.

    >>> parts("yhat_1"), parts("learning rate"), parts("v₁₂⁽²⁾")
    (('y', 'hat', '_1', ''), None, ('v', '', '₁₂', '⁽²⁾'))
    """
    import re
    from unicodedata import normalize

    label, mark = unmarked(label)
    index = "(?:_?[0-9₀-₉]+)(?:_[0-9]+)*|_[aehijklmnoprstuvx]|[₀-₉ₐ-ₜᵢᵣᵤᵥⱼ]+"
    found = re.fullmatch(f"([^\\W\\d_⁰¹²³⁴-⁹]+?)(?:_?(hat|bar|tilde|dot))?({index})?_?(⁽[⁰¹²³⁴-⁹]+⁾)?", label)
    if found is None or label in WORDS or len(label) > LONGEST:
        return None
    stem, accent, place, order = found.groups("")
    letters = normalize("NFD", stem)
    if len(letters) == 2 and letters[1] in MARKS and not accent:
        stem, accent = letters[0], MARKS[letters[1]]
    letter = GREEK.get(stem, stem)
    if len(letter) > 1 and (accent or place[-1:].isalpha()):
        return None
    return letter, accent, place + mark, order


def parameter(label: str) -> tuple[str, str] | None:
    """(letter, index) of a network's parameter: "layer 1 neuron 2 w3" is w₁₂₃, with a two-digit number w₁,₁₂,₃."""
    if "neuron" not in label:
        return None
    import re

    label, mark = unmarked(label)
    found = re.fullmatch(r"(?:layer ([0-9]+) )?neuron ([0-9]+) ([wb])([0-9]*)", label)
    if found is None:
        return None
    layer, neuron, letter, place = found.groups()
    numbers = [n for n in (layer, neuron, place) if n]
    return letter, ("," if any(len(n) > 1 for n in numbers) else "").join(numbers) + mark


@lru_cache(maxsize=4096)
def text_name(label: str) -> str:
    """A label for terminals; one that could be taken for a formula is quoted.

    >>> text_name("yhat"), text_name("w1"), text_name("alpha_2"), text_name("a + b"), text_name("layer 2 neuron 1 b")
    ('ŷ', 'w1', 'α_2', '“a + b”', 'b₂₁')
    """
    known = parameter(label)
    if known is not None:
        return known[0] + known[1].translate(SUBSCRIPTS)
    found = parts(label)
    if found is not None:
        letter, accent, index, order = found
        return accented(letter, accent) + index + order
    label, mark = unmarked(label)
    shown = clean(label, LONGEST)
    plain = all(c.isalnum() and ord(c) not in RAISED or c in "_ .'′[]:,#⋯…\u0302\u0303\u0304\u0307" for c in shown)
    return (shown if plain and not shown[:1].isdigit() else f"“{shown}”") + mark


@lru_cache(maxsize=4096)
def maths(label: str) -> str:
    """A label in maths type.

    >>> maths("w1"), maths("w_1_12"), maths("yhat"), maths("x_i"), maths("learning_rate")
    ('w₁', 'w₁,₁₂', 'ŷ', 'xᵢ', 'learning_rate')
    """
    found = parts(label)
    if found is None or parameter(label) is not None:
        return text_name(label)
    letter, accent, index, order = found
    return accented(letter, accent) + index.lstrip("_").replace("_", ",").translate(SUBSCRIPTS) + order


def typeset(label: str) -> str:
    """A label for a box of a picture: short, in maths type if it is a mathematical name, else as it is.

    A network's "layer 1 neuron 2 w3" is w₁₂₃; with a number of two digits w₁,₁₂,₃, so that no two look the same.

    >>> typeset("w1"), typeset("w_1_12"), typeset("yhat"), typeset("sigma2"), typeset("x_i"), typeset("learning_rate")
    ('w₁', 'w₁,₁₂', 'ŷ', 'σ₂', 'xᵢ', 'learning_rate')
    >>> typeset("layer 1 neuron 2 w3"), typeset("layer 1 neuron 12 b"), typeset("first layer, bias of neuron 12")
    ('w₁₂₃', 'b₁,₁₂', 'first layer,…f neuron 12')
    """
    stem, mark = unmarked(label)
    return clean(maths(stem) if parts(stem) or parameter(stem) else stem) + mark


def accented(letter: str, accent: str) -> str:
    """A letter with its accent, as one character where there is one."""
    from unicodedata import normalize

    return normalize("NFC", letter + ACCENTS.get(accent, ""))


@lru_cache(maxsize=4096)
def latex_name(label: str) -> str:
    """A label in LaTeX maths.

    >>> print(latex_name("w1"), latex_name("yhat"), latex_name("alpha_2"), latex_name("a_b$"), latex_name("v₁₂"))
    w_{1} \\hat{y} \\alpha_{2} \\mathrm{“a\\_b\\$”} v_{12}
    """
    known = parameter(label)
    letter, accent, index, order = parts(label) or ("", "", "", "")
    if known is not None:
        letter, index = known
    if letter:
        written = COMMANDS.get(letter, letter) if len(letter) == 1 else f"\\mathrm{{{letter}}}"
        written = f"\\{accent}{{{written}}}" if accent else written
    else:
        shown, index = unmarked(text_name(label).translate(CONTROLS))
        written = "\\mathrm{" + "".join([ESCAPES.get(c, c) for c in shown]) + "}"
    index = index.translate(LOWERED).lstrip("_").replace("_", ",")
    return written + (f"_{{{index}}}" if index else "") + (f"^{{({order[1:-1].translate(RAISED)})}}" if order else "")


def clean(text: str, longest: int = SHORT) -> str:
    """`text` on one line, no longer than `longest`, without what controls a terminal or the direction of writing.

    >>> clean("a\\nb\\x1b[31m"), clean("first layer weight 12", 12)
    ('a␤b␛[31m', 'first …ht 12')
    """
    from unicodedata import bidirectional, category

    if len(text) > longest:  # in the middle: names often differ at the end
        half = longest // 2
        start, end = text[:half].rstrip("\u200d"), text[half + 1 - longest :]
        while end and (end[0] == "\u200d" or category(end[0])[0] == "M"):  # marks of a character that is cut off
            end = end[1:]
        text = f"{start}…{end}"
    if text.isascii() and text.isprintable():
        return text
    shown, leftward = [], False
    for character in text:
        kind, code = category(character), ord(character)
        if kind == "Cc":
            character = "␤" if character == "\n" else chr(0x2400 + code) if code < 32 else "�"
        elif kind == "Cs" or code & 0xFFFE == 0xFFFE or kind in ("Zl", "Zp"):
            character = "�"
        elif kind == "Cf" and character != "\u200d":
            continue
        leftward = leftward or bidirectional(character) in ("R", "AL")
        shown.append(character)
    text = "".join(shown)
    return f"\u2068{text}\u2069" if leftward else text


def numeral(x: float, digits: int = 3) -> str:
    """x to three significant digits, with a true minus sign.

    >>> numeral(-0.18432), numeral(1.0), numeral(12345.6), numeral(1.5e-7), numeral(float("inf"))
    ('−0.184', '1', '12346', '1.5e−7', '∞')
    """
    if isinf(x):
        return "∞" if x > 0 else "−∞"
    text = f"{x:.0f}" if 999.5 <= abs(x) < 99999.5 else f"{x:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    return (f"{mantissa}e{int(exponent)}" if e else text).replace("-", "−")


def latex_numeral(x: float, digits: int = 3) -> str:
    """The same in LaTeX.

    >>> print(latex_numeral(-0.18432), latex_numeral(1.5e-7), latex_numeral(float("-inf")))
    -0.184 1.5 \\times 10^{-7} -\\infty
    """
    if isinf(x) or isnan(x):
        return r"\mathrm{nan}" if isnan(x) else r"\infty" if x > 0 else r"-\infty"
    mantissa, e, exponent = numeral(x, digits).replace("−", "-").partition("e")
    return rf"{mantissa} \times 10^{{{exponent}}}" if e else mantissa


def count(n: int) -> str:
    """A whole number of any size, exactly where that can be read: a large power of two as such.

    >>> count(12345), count(2**100), count(10**60 + 1)
    ('12,345', '2¹⁰⁰ = 1267650600228229401496703205376', '≈ 1.0000 · 10⁶⁰')
    """
    if n < 10**15:
        return f"{n:,}"
    digits = str(n) if n < 10**50 else ""
    if n & (n - 1) == 0:
        power = "2" + str(n.bit_length() - 1).translate(SUPERSCRIPTS)
        return f"{power} = {digits}" if digits else power
    if digits:
        return digits
    shift = n.bit_length() - 60
    exponent, rest = divmod(log10(n >> shift) + shift * log10(2.0), 1.0)
    return f"≈ {10.0**rest:.4f} · 10{str(int(exponent)).translate(SUPERSCRIPTS)}"


def latex_count(n: int) -> str:
    """The same in LaTeX.

    >>> print(latex_count(12345), latex_count(2**100))
    12{,}345 2^{100} = 1267650600228229401496703205376
    """
    import re

    written = re.sub("[⁰¹²³⁴-⁹]+", lambda raised: f"^{{{raised[0].translate(RAISED)}}}", count(n))
    return written.replace(",", "{,}").replace("≈", r"\approx").replace("·", r"\cdot")

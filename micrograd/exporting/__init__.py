"""`export`: a model and its derivatives as source code that stands alone, in C, JavaScript or Python.

    model → trace → array program of one sample → statements → text

source                  `export`
tracing                 the scalar graph of one sample, compared with the model, and its labels
functions               which of the compiler's programs a function is written from
lowering/               from an array program to statements
statements              an export before it is text: plain data
printing                statements as text, what languages share
splitting               long functions as several short ones, for compilers
definitions             what the table says of a primitive, as statements
identifiers, words      what things are called, past the words that languages keep for themselves
c/                      in C, and its header
stepwise/               models with a loop over time, whose exports are loops
javascript/             in JavaScript, whose vocabulary pages use, too
python/                 in Python
"""

from __future__ import annotations

from micrograd.exporting.source import export
from micrograd.messages.counterparts import absent

__all__ = ["export"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)

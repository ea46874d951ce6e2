"""`export`: a trained model as source code that stands alone, one function of one sample, in Python or C.

source                  `export`
freezing                the scalar graph of one sample, with the numbers that do not depend on it
parts                   the affine maps and vectors in it
identifiers, words      what things are called, past the words that languages keep for themselves
statements              an export before it is text: plain data
printing                statements as text, what languages share
definitions             what the table says of a primitive, as statements
writer                  what a part looks like
python_code             in Python
c_code                  in C
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

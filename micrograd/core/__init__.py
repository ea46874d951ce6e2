"""The engine's core in C: the same nodes, operations and walks as `engine`, several times as quick.

choice      which of the two cores runs, and what of the engine the one in C replaces
rows        the generator: formulas of the table in C, when the package is built

Its C stands here, too: node (its life), fields, leaves (the constructor), operations (a method for every row), walks
(backward), module. It is built with the package where there is a compiler. It is left out elsewhere, in Pyodide for
instance, and where the environment variable MICROGRAD_PURE is set, to anything but 0: when the package is built, or
when Python starts.

Values, derivatives, errors and texts are the same. What differs: `data` and `grad` are numbers here, so that anything
else is refused when it is assigned; nothing else runs during `backward`, so that threads may go backward in graphs that
share inner nodes; and nodes that were freed are kept for further use, 7 MB of them at most.

>>> from micrograd.core import in_c
>>> print("this is the core in", "C" if in_c() else "Python")  # doctest: +ELLIPSIS
this is the core in ...
"""

from micrograd.core.choice import in_c as in_c

"""micrograd: write scalars, see every number and every derivative.

>>> import micrograd
>>> x = micrograd.Value(2.0, label="x")
>>> y = micrograd.tanh(x * 3.0 - 5.0)
>>> y.backward()
>>> print(f"{y:.4f} {x.grad:.4f}")
0.7616 1.2599
"""

from micrograd.engine import Value
from micrograd.functions import *  # noqa
from micrograd.functions import tanh
__version__ = "0.2.0"

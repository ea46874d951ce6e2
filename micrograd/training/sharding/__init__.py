"""`Sharded`: the mean over samples as a sum over shards, by the workers of any `concurrent.futures.Executor`.

sharded     here: what the workers are asked, and the sum of their answers
contents    on the way: the shards of a batch, and the objective, as bytes
worker      there: what has come is kept, and evaluated
"""

from micrograd.messages.counterparts import absent
from micrograd.training.sharding.sharded import Sharded as Sharded

__all__ = ["Sharded"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)

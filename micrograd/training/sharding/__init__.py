"""`Sharded`: the mean over samples as a sum over shards, by the workers of any `concurrent.futures.Executor`.

shards      a batch, cut
packing     the objective as bytes
worker      what runs at the other end
objective   `Sharded`, which brings them together
"""

from micrograd.messages.counterparts import absent
from micrograd.training.sharding.objective import Sharded as Sharded

__all__ = ["Sharded"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)

"""Training: `Trainer` minimises the mean of a loss over a dataset.

trainer         `Trainer`
arguments       what it is made of, checked
rows            samples and targets, checked
objectives      the mean loss: what is asked of it, and as a graph a step
compiled        the same as a compiled program
position        where a training stands
history         what it leaves behind
watching        the best epoch, the time to stop, numbers that are not finite
checkpoints     files from which a training goes on
sharding/       the mean loss by many workers
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent
from micrograd.training.checkpoints import CheckpointError
from micrograd.training.history import History
from micrograd.training.trainer import Trainer
from micrograd.training.watching import DivergenceError

__all__ = ["CheckpointError", "DivergenceError", "History", "Trainer"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)

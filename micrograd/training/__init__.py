"""Training: `Trainer` minimises the mean of a loss over a dataset.

trainer         `Trainer`
arguments       what it is made of, checked
rows            samples and targets, checked
objectives      the mean loss: what is asked of it, and as a graph a step
compiled        the same as a compiled program
position        where the parameters stand
history         the records of the epochs
course          what became of a training so far
loop            its steps
divergence      numbers that are not finite
watching        the best epoch, the time to stop, the progress line
checkpoints     files from which a training goes on
sharding/       the mean loss by many workers
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent
from micrograd.training.checkpoints import CheckpointError
from micrograd.training.divergence import DivergenceError
from micrograd.training.history import History
from micrograd.training.trainer import Trainer

__all__ = ["CheckpointError", "DivergenceError", "History", "Trainer"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)

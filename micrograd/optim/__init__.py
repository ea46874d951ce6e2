"""Optimisers: update rules (SGD, Adam, AdamW, RMSProp), learning-rate schedules, and L-BFGS for the whole dataset.

optimizer       what a Trainer asks of one
update_rule     one step from the gradient of a batch: what a rule is
rules           the published ones
schedules       the learning rate as a function of the step
lbfgs           minimises the whole objective at once, through SciPy
"""

from micrograd.messages.counterparts import absent
from micrograd.optim.lbfgs import LBFGS as LBFGS
from micrograd.optim.rules import SGD as SGD
from micrograd.optim.rules import Adam as Adam
from micrograd.optim.rules import AdamW as AdamW
from micrograd.optim.rules import RMSProp as RMSProp
from micrograd.optim.schedules import constant as constant
from micrograd.optim.schedules import cosine as cosine
from micrograd.optim.schedules import exponential as exponential
from micrograd.optim.schedules import step_decay as step_decay
from micrograd.optim.schedules import warm_up as warm_up
from micrograd.optim.update_rule import UpdateRule as UpdateRule

__all__ = ["Adam", "AdamW", "LBFGS", "RMSProp", "SGD", "constant", "cosine", "exponential", "step_decay", "warm_up"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)

"""The chain rule, told: `explain` answers why a derivative is the number that it is.

explaining      `explain`
explanation     derivations of some derivatives, and what they have in common
derivation      one derivative: the chain, the formulas, the numbers
table           the whole pass, a step a node
links           the factors of a chain
paths, reach    where a derivative passes through the graph
sharing         the adjoints that backprop computes once

`explain(root, x)` goes through them like this: `reach_of` finds the edges between root and x, `paths_of` the paths that
contribute most, `Links` merges the edges of a path into factors, `derive` tells each x, and `share` what they have in
common; that is an Explanation, whose text is written when it is shown, by `formulas.document`.
"""

from __future__ import annotations

from micrograd.chain_rule.explaining import explain
from micrograd.chain_rule.explanation import Explanation
from micrograd.chain_rule.table import Pass
from micrograd.messages.counterparts import absent

__all__ = ["Explanation", "Pass", "explain"]

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)

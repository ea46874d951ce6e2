"""An array program: a few steps over whole groups of like scalars, and the passes that make it.

steps, gather   the kinds of steps
program         what a pass takes and hands on
passes          which passes make which purpose: start here
roll            the scalar graph becomes steps
differentiate   reverse mode on steps
number_by_number
                the same for uniform steps that have little in common, number by number
symbols         what a row's partials make of whole groups
simplify        what a reverse sweep can do without
prune           dead code
accumulate      where the sums over the samples go
scheduling/     when and where the steps run: the passes that targets choose from
"""

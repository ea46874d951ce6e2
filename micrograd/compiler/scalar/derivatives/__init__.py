"""Derivatives as nodes of the scalar graph: a graph in, the same graph with more nodes out.

links       from a node to its operand: what an adjoint or a tangent is multiplied by on its way, by the rows' partials
sweeps      in reverse and forward through all nodes; Jacobians and Hessians with their structure
matrices    the same as outputs of a trace, for programs of samples
"""

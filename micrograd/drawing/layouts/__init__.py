"""Where everything in a picture stands, and how it is written down.

geometry            what a layout finds out
layering, layered   the package's own layout
dot                 Graphviz
svg                 the writer
"""

"""The machine that plays entries: a handler for each kind of entry, made when it is first met, and kept on disk.

handlers    the text of handlers
library     handlers in the memory of this process
code        entries as the machine reads them
emission    entries as code of their own
player      workspaces to play them over
steps       loops that play them at each step

An entry is 24 bytes: the address of its handler, the place that it makes, the places of three operands. A handler does
what the entry says and goes on with the next by a tail call, so that the processor foresees where each goes; where it
has no tail calls, a loop calls handler after handler.
"""

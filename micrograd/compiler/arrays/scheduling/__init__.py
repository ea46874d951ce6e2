"""When and where the steps of an array program run: the passes that targets choose from.

order           in which order steps and sums run, and what is taken apart
alignment       rows in the order in which they are read
fusion          which steps run in one loop
buffers         buffer allocation: where the rows of a block stand in memory
"""

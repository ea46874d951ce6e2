"""What `micrograd …` and `python -m micrograd …` can do: a room per command, and what they share.

toy             the main job: the toy net by hand, then trained
tables/         `train`, `predict`: a table in, a model out, its predictions
exports         `export`
pictures        `draw`
players         `explore`
learning        … and the page on which a network learns
data_sets       what it learns, where no table is given
playgrounds     `playground`
chain_rules     `explain`
expressions     reading an expression such as `tanh(w*x + b)`
arguments       commands, options and their texts; what a misspelled word was meant to be
results         the files that commands write
terminal        output that takes every text
"""

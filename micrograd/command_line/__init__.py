"""What `micrograd …` and `python -m micrograd …` can do: a room per command, and what they share.

toy             the main job: the toy net by hand, then trained
train           a table of the user's own in, a model out
predict         predictions of such a model
exports         `export`: such a model as source code
pictures        `draw`
players         `explore`
chain_rules     `explain`
expressions     reading an expression such as `tanh(w*x + b)`
report/         a page on a training
models          reading tables and models, with errors in a line
progress        a bar that follows a training
arguments       commands, options and their texts; what a misspelled word was meant to be
results         the files that commands write
terminal        output that takes every text
"""

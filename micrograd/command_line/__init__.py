"""What `python -m micrograd …` can do: a room per command, and what they share.

arguments       commands, options and their texts; what a misspelled word was meant to be
toy             the main job: the toy net by hand, then trained
train           a network on a table of the user's own
pictures        `draw`
players         `explore`
chain_rules     `explain`
expressions     reading an expression such as `tanh(w*x + b)`
tables          reading a CSV file
results         the files that commands write
terminal        output that takes every text
"""

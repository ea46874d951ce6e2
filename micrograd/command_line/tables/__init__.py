"""The commands that work on tables: a table in, a model out, and what one does with that.

train       `train`
predict     `predict`
report/     a page on a training
models      reading tables and models, with errors in a line
rows        a row of a table as the numbers that an exported model takes
progress    a bar that follows a training
"""

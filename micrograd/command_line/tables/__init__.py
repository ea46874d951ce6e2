"""The commands that work on tables: a table in, a model out, and what one does with that.

train       `train`
predict     `predict`
exports     `export`
report/     a page on a training
models      reading tables and models, with errors in a line
progress    a bar that follows a training
"""

"""`explore(trainer, X, y)`: a page on which a network learns, with the numbers of Python's own training.

traced      the code of a trainer as the graph of one sample
network     the neurons in it
scene       what the page knows
rules       update rules in JavaScript

In `page` are its scripts and style: numbers only are in `random` and `training`.
"""

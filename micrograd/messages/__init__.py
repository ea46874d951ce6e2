"""What the package says of itself: where it cannot do what was asked, with the cure, and in `help`.

refusals        what a number with a derivative does not do
counterparts    names that other libraries use, and slips of the keyboard
help            what `help` shows of a class
"""

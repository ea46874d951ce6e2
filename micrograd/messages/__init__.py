"""What the package answers where it cannot do what was asked, with the cure.

refusals        what a number with a derivative does not do
counterparts    names that other libraries use, and slips of the keyboard
"""

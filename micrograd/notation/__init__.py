"""How names and numbers are written, and what values are called.

signs       names and numbers as text, in maths type, in LaTeX
naming      the name of a value: its label, the variable that holds it, or a number
"""

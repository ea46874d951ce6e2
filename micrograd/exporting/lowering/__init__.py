"""From an array program of one sample to the statements of one function.

cells       rows and slots in one numbering; what is known beforehand goes
places      in which array a cell stands, or by which name
shapes      which steps are loops, which are formulas, and in which order they stand
blocks      steps as statements, in loops that they share
sums        what parameters receive, as statements
tidying     what nobody reads goes, what is read once stands where it is read
writing     one function from one program
"""

"""What a picture shows of a graph or a model: a room per view.

choice          the table of views, and which of them suits a graph
reading         a graph of Values, read for drawing
roles           which of its leaves are inputs, parameters, targets
boxes           every value is a box
forms, fused    sums of products Σ w·x + b are one box
collapsed       layers are one box
network         the neurons of a model
names           what a value is called in a picture
"""

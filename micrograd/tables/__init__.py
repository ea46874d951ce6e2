"""Tables: a file or a frame in, a trained model out, which predicts further rows (needs pandas and scikit-learn).

reading/            a file, a frame or rows as a table
preparation         what is predicted, and which rows are held out
choosing            which columns are inputs
fitting             the training, and what came of it
model               `TableModel`: what was learned, and how cells become inputs
files               the file of a model
targets             what is predicted
figures             how good predictions are
columns             how cells become inputs
cells               what a cell says: nothing, a number, a date
errors              what is wrong with a table
"""

from __future__ import annotations

from micrograd.messages.counterparts import absent
from micrograd.tables.errors import TableError
from micrograd.tables.figures import Figures, figures_of
from micrograd.tables.fitting import Training, train
from micrograd.tables.model import TableModel
from micrograd.tables.preparation import Prepared, prepare
from micrograd.tables.reading import Table, read_table

__all__ = [
    "Figures", "Prepared", "Table", "TableError", "TableModel", "Training", "figures_of", "prepare", "read_table",
    "train",
]  # fmt: skip

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = absent(__name__)

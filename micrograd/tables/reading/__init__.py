"""Reading a table: from a file, a frame, or rows.

table       `Table` and `read_table`
form        the form of a text: separator, quotes, comments, names
text        the text in a file: packed or not, of any encoding
"""

from __future__ import annotations

from micrograd.tables.reading.table import Table, are_rows, read_table, table_of_rows

__all__ = ["Table", "are_rows", "read_table", "table_of_rows"]

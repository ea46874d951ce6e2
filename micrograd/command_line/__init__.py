"""What `python -m micrograd …` can do: one room per command, `tables` for the files it reads and writes."""

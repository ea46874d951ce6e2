"""What `python -m micrograd …` can do: one room per command, `tables` and `results` for its files."""

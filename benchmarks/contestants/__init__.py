"""The programs that the training benchmark compares: one process each, see `serve.py`."""

"""What holds for all tests: linear algebra in one thread, since threads that wait for each other in turn waste time."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy and SciPy are imported, here and in new processes

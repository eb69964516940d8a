"""The models in NumPy, time-major, without hidden state: every function returns new arrays and writes to none."""

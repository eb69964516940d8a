"""The experiments behind the book: programs, and their results as small data files.

experiment.py says what one is, registry.py lists them, __main__.py makes them, keeping.py writes and reads results.
learning.py, models.py and tasks.py are what several of them share; data/ loads the data sets.
"""

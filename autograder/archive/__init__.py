"""A course in one file: with its grades, what was handed in, its exercises and the grader itself, to be graded again in years."""

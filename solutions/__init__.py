"""Reference implementations: the one source of the book's plots, the exercises' stubs and the grader's answers."""

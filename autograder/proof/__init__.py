"""What proves the grader: known mistakes, other right ways, and mistakes that nobody thought of."""

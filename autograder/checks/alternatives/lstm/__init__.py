"""Other right ways to write exercise 4."""

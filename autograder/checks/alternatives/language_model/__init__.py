"""Other right ways to write exercise 6."""

"""Other right ways to write exercise 8."""

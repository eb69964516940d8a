"""Other right ways to write exercise 7."""

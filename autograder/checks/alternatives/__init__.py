"""Other right ways to write an exercise: every one must earn full marks. A function replaces the reference; the rest is helpers."""

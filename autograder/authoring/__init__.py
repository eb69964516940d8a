"""From what an author writes to what a student opens."""

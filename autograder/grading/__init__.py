"""Grading: everything here is trusted, and believes nothing that comes out of a sandbox."""

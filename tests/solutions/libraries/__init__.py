"""Recurrent cells as other libraries compute them: `make libraries` runs each library once and keeps what it returned.

``recorders/`` has a short script for each library, with the versions that it needs on top; ``recorded/`` has what they wrote. The
ordinary tests (tests/solutions/test_libraries.py) read these files and need none of the libraries.
"""

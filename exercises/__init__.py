"""The course's exercises, a folder each; the grader finds them by what lies in them."""

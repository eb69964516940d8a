"""What a user is told in one sentence, with what to do next: never a traceback."""


class UserError(Exception):
    """Something that the user can mend; the message says what and how."""

"""Why a file is no prompt."""


class FileNotReadable(Exception):
    """This file is not a prompt that Callboard can read."""

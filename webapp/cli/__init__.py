"""The verbs of the `callboard` command that belong to the server."""

"""The `callboard` command. A verb is a module with `add_parser(subparsers)`; it sets `run`, which returns 0, 1 or 2."""

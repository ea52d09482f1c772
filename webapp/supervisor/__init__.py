"""Runs Callboard's processes as children, restarts the ones that crash and leaves none behind."""

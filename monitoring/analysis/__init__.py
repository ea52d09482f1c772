"""Looks at every recorded call once: what it was about, and what may be wrong with it."""

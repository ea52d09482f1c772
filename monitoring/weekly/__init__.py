"""The weekly report of a project: what changed, what was proved, what is open, what it cost."""

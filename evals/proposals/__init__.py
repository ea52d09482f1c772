"""Proposals of a fix: a model suggests small edits of a prompt, and tests say whether one of them may be shown to people."""

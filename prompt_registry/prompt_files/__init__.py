"""Prompts as Markdown files that people review in Git; the client has the same format, and shared vectors hold both to it."""

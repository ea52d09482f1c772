"""Looking for what really happened: a line that says which traces, views that are kept, and what is different about some."""

"""Prompts from elsewhere: what each file of another tool becomes here, and what of it cannot be taken."""

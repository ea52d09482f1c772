"""Deletion on request: whose data, everywhere it stands, with a status for each place and a second look at the end."""

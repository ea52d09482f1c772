"""Alerts: what a team wants to be told of, decided by one pure function that also plays the past for the preview."""

"""Rates over time: how often calls were flagged, when that changed, where, and how much harm it does."""

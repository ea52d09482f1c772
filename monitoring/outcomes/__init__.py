"""Business outcomes that applications send later: what became of the people who saw an answer."""

"""Files of calls to take away: written by workers in parts, from a filter of the list of traces."""

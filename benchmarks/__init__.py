"""The benchmarks of `callboard bench`: each runs on a throw-away Callboard of its own and returns plain figures."""

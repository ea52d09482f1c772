"""A simulated model: offline, the same for the same seed, with planted faults that a better prompt truly cures.

`answers.answer` is the whole of it as a pure function; `wire` gives it the shapes of the OpenAI API. How a system
message changes what it does is written down in `instructions` and `odds`.
"""

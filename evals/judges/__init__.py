"""Judges: evaluators that ask a model. What they ask resists texts that beg for a good score, and what comes back is
either exactly what was asked for, or an error.

`fences` keeps data apart from the task, `asking` makes the questions, `reading` takes the answers; one module for each kind.
"""

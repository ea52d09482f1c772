"""Speaks to the person (or script) at the terminal: plain sentences, JSON on request, no tracebacks."""

from __future__ import annotations

import argparse
import errno
import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

Run = Callable[[argparse.Namespace], int]


def say(text: str) -> None:
    """Print a line at once, also when the output is a pipe; a reader who has gone away is no error."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = sys.__stderr__ or sys.stdout


def answer(args: argparse.Namespace, facts: dict[str, Any], *, text: str) -> int:
    """Print the outcome of a verb, as JSON when that was asked for, and return the exit code of success."""
    say(json.dumps(facts, ensure_ascii=False) if args.json else text)
    return 0


def plainly(run: Run) -> Run:
    """Turn every foreseen failure of a verb into one sentence and exit code 1."""

    @wraps(run)
    def wrapper(args: argparse.Namespace) -> int:
        try:
            return run(args)
        except Exception as error:
            sentence = explain(error)
            if sentence is None:
                raise
            complain(args, sentence)
            return 1

    return wrapper


def complain(args: argparse.Namespace, sentence: str) -> None:
    """Print why a verb failed, where the reader looks for it."""
    if getattr(args, "json", False):
        say(json.dumps({"error": sentence}, ensure_ascii=False))
    else:
        sys.stderr.write(f"callboard: {sentence}\n")


def explain(error: Exception) -> str | None:
    """Return a sentence for a failure that can happen without a mistake in Callboard, else None."""
    from django.db import Error, OperationalError

    from projects.errors import ProjectsError
    from webapp.supervisor.errors import StartError

    if isinstance(error, StartError | ProjectsError):
        return str(error)
    if isinstance(error, OSError):
        return explain_os_error(error)
    if isinstance(error, Error) and 'extension "vector"' in str(error):
        return (
            "The database has no vectors: as a superuser, run CREATE EXTENSION vector in it "
            "(PostgreSQL needs the package pgvector)."
        )
    if isinstance(error, OperationalError) and "No space left" in str(error):
        return f"The disk of the database is full: {_first_line(error)}. Free some space and try again."
    if isinstance(error, OperationalError):
        return f"The database cannot be reached: {_first_line(error)}"
    if isinstance(error, Error) and "does not exist" in str(error):
        return "The database has no tables of this version of Callboard yet. Run `callboard migrate`."
    return None


def explain_os_error(error: OSError) -> str:
    """Say what the operating system refused, and what to do about it."""
    place = f" ({error.filename})" if error.filename else ""
    advice = {
        errno.ENOSPC: "The disk is full. Free some space and try again",
        errno.EROFS: "The file system is read-only. Choose another place with --data-dir",
        errno.EACCES: "This account may not write there. Change the owner, or choose another place with --data-dir",
        errno.EPERM: "This account may not write there. Change the owner, or choose another place with --data-dir",
        errno.ENOTDIR: "A part of the path is a file, not a directory. Choose another place with --data-dir",
        errno.EEXIST: "A file stands where a directory is needed. Move it, or choose another place with --data-dir",
    }
    return f"{advice.get(error.errno or 0, error.strerror or str(error))}{place}."


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0]

import argparse
import errno

import pytest
from django.db import OperationalError, ProgrammingError

from projects.errors import SlugTaken
from webapp.cli.terminal import explain, plainly
from webapp.supervisor.errors import AlreadyRunning

DENIED = "This account may not write there. Change the owner, or choose another place with --data-dir (/x)."
NO_TABLES = "The database has no tables of this version of Callboard yet. Run `callboard migrate`."
NO_VECTORS = (
    "The database has no vectors: as a superuser, run CREATE EXTENSION vector in it "
    "(PostgreSQL needs the package pgvector)."
)
EXPLAINED = [
    (AlreadyRunning(), "Callboard is already running from this data directory."),
    (SlugTaken(), "Another project already uses this address. Choose another name or slug."),
    (OSError(errno.ENOSPC, "No space", "/x"), "The disk is full. Free some space and try again (/x)."),
    (PermissionError(errno.EACCES, "denied", "/x"), DENIED),
    (
        OSError(errno.EROFS, "read-only", "/x"),
        "The file system is read-only. Choose another place with --data-dir (/x).",
    ),
    (OSError(errno.EIO, "Input/output error"), "Input/output error."),
    (OperationalError("connection refused\nIs it running?"), "The database cannot be reached: connection refused"),
    (ProgrammingError('relation "project" does not exist'), NO_TABLES),
    (ProgrammingError('permission denied to create extension "vector"'), NO_VECTORS),
]


@pytest.mark.parametrize(("error", "sentence"), EXPLAINED, ids=lambda value: type(value).__name__)
def test_what_can_happen_without_a_mistake_of_ours_is_one_sentence(error, sentence):
    assert explain(error) == sentence


def test_a_mistake_of_ours_is_not_hidden():
    @plainly
    def run(args: argparse.Namespace) -> int:
        raise KeyError("name")

    with pytest.raises(KeyError):
        run(argparse.Namespace())


def test_a_foreseen_failure_in_json(capsys):
    @plainly
    def run(args: argparse.Namespace) -> int:
        raise SlugTaken

    assert run(argparse.Namespace(json=True)) == 1
    assert capsys.readouterr().out == (
        '{"error": "Another project already uses this address. Choose another name or slug."}\n'
    )

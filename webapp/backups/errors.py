"""Why a backup could not be made, checked or brought back."""

from __future__ import annotations

from webapp.supervisor.errors import StartError


class BackupFailed(StartError):
    """The backup could not be made."""


class ProgramMissing(BackupFailed):
    """A program of PostgreSQL is missing. Install the client programs of your server's version (Debian: postgresql-client)."""


class NotABackup(BackupFailed):
    """This is not a whole backup of Callboard: it needs the file that ends in .dump and the .json file beside it."""


class BackupDiffers(BackupFailed):
    """What comes out of the backup is not what went in."""


class DatabaseInUse(BackupFailed):
    """Others are connected to the database. Stop Callboard (all its processes) and try again."""


class MayNotMakeDatabases(BackupFailed):
    """The account in DATABASE_URL may not make databases, which bringing back a backup needs. Give it the right CREATEDB."""

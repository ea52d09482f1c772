"""The database that is backed up, others beside it, and PostgreSQL's own programs for them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from webapp.backups.errors import BackupFailed, MayNotMakeDatabases, ProgramMissing
from webapp.embedded import binaries
from webapp.embedded.errors import EmbeddedServerMissing

_VARIABLES = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}  # fmt: skip
_MOST_SAID = 600


_MAINTENANCE = "postgres"


@dataclass(frozen=True)
class Server:
    """How to reach Callboard's database, for an account that may make others beside it."""

    url: str

    @property
    def name(self) -> str:
        """The name of Callboard's database."""
        return str(conninfo_to_dict(self.url).get("dbname") or "callboard")

    def beside(self, name: str) -> str:
        """Return the address of another database of this server."""
        return make_conninfo(self.url, dbname=name)

    def administer(self) -> psycopg.Connection:
        """Return a connection from which databases can be made, renamed and dropped."""
        return psycopg.connect(self.beside(_MAINTENANCE), autocommit=True)

    def make_database(self, name: str) -> None:
        """Make an empty database that knows vectors."""
        try:
            with self.administer() as admin:
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise MayNotMakeDatabases from error
        with psycopg.connect(self.beside(name), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        with self.administer() as admin:
            # Not WITH (FORCE): that wants to end vacuuming as well, which only a superuser may; a plain DROP lets it stop.
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'",
                [name],
            )
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))

    def put_in_place(self, name: str, *, kept: str) -> None:
        """Give Callboard's database the name `kept` and this one its name, both or neither; nobody may be connected."""
        with self.administer() as admin, admin.transaction():
            for old, new in ((self.name, kept), (name, self.name)):
                admin.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
                )

    def guests(self, name: str) -> list[str]:
        """Return the names of the programs that are connected to a database."""
        with self.administer() as admin:
            rows = admin.execute(
                "SELECT DISTINCT coalesce(nullif(application_name, ''), 'a program without a name') FROM pg_stat_activity "
                "WHERE datname = %s AND backend_type = 'client backend' ORDER BY 1",
                [name],
            ).fetchall()
        return [str(row[0]) for row in rows]


def run_program(name: str, *arguments: str, url: str) -> None:
    """Run one of PostgreSQL's programs on a database; raises BackupFailed with what it said."""
    parts = conninfo_to_dict(url)
    # Not as arguments: everybody on the machine could read the password there.
    secret = {_VARIABLES[key]: str(value) for key, value in parts.items() if key in _VARIABLES and value}
    done = subprocess.run(
        [str(program(name)), *arguments], env={**os.environ, **secret, "PGTZ": "UTC"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        said = " ".join(done.stderr.split())[-_MOST_SAID:]
        raise BackupFailed(f"{name} failed: {said or 'it gave no reason'}")


def program(name: str) -> Path:
    """Return the program that came with Callboard, else the one of this machine."""
    try:
        found = binaries.postgres() / name
    except EmbeddedServerMissing:
        found = Path(shutil.which(name) or "")
    if not found.is_file():
        raise ProgramMissing
    return found

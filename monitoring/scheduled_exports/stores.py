"""Where the files of a scheduled export go: opened for one turn of a worker."""

from __future__ import annotations

from typing import Protocol

from monitoring.scheduled_exports.buckets import BucketStore
from monitoring.scheduled_exports.errors import StoreError
from monitoring.scheduled_exports.folders import FolderStore
from monitoring.scheduled_exports.models import Destination, ScheduledExport
from monitoring.scheduled_exports.s3_signatures import Keys
from projects import secrets
from projects.errors import SecretUnreadable


class Store(Protocol):
    """Takes objects by name; the same name again takes the place of what was there."""

    def put(self, name: str, data: bytes) -> None:
        """Store an object, whole or not at all; StoreError says in plain words why not."""
        ...

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        ...


def open_store(scheduled: ScheduledExport) -> Store:
    """Return where an export goes, with its secret readable."""
    if scheduled.destination == Destination.FOLDER:
        return FolderStore(scheduled.root)
    if scheduled.secret_sealed is None:
        raise StoreError("The secret of the access key is missing. Type it under «Change».")
    try:
        secret = secrets.unseal(
            sealed=bytes(scheduled.secret_sealed), project_id=scheduled.project_id, field=scheduled.secret_field
        )
    except SecretUnreadable as error:
        raise StoreError(str(error)) from error
    keys = Keys(scheduled.access_key, secret, scheduled.region)
    return BucketStore(scheduled.endpoint, scheduled.bucket, scheduled.root, keys)

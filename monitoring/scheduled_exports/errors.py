"""What can go wrong with exports to the outside, in words for the person who reads them."""

from __future__ import annotations

from monitoring.errors import MonitoringError


class ScheduledExportRefused(MonitoringError):
    """This export cannot be planned."""

    # The field of the form that it is about.
    field: str | None = None


class NameMissing(ScheduledExportRefused):
    """An export needs a name. Type one and try again."""

    field = "name"


class TooManyScheduledExports(ScheduledExportRefused):
    """A project may have up to 10 scheduled exports. Remove one that is no longer needed."""


class FoldersAreOff(ScheduledExportRefused):
    """This server has no folder for exports. Whoever runs it names one with CALLBOARD_EXPORT_DIR; or choose an object store."""

    field = "destination"


class FolderRefused(ScheduledExportRefused):
    """Use letters, digits, dashes, dots and underscores, with / between folders. None may begin with a dot."""


class BucketRefused(ScheduledExportRefused):
    """This is not the name of a bucket: 3 to 63 small letters, digits, dots and dashes."""

    field = "bucket"


class EndpointRefused(ScheduledExportRefused):
    """This server may not call that address."""

    field = "endpoint"


class AccessKeyMissing(ScheduledExportRefused):
    """The store needs an access key and its secret. Make a pair that may write to this bucket and nothing else."""

    field = "access_key"


class SecretMissing(ScheduledExportRefused):
    """Type the secret of this access key. It is asked for again whenever the address, the bucket or the key changes."""

    field = "secret"


class StoreError(MonitoringError):
    """The files could not be written."""

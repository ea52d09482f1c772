"""Making and changing scheduled exports: what is refused, and what becomes of the secret."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitoring.scheduled_exports import changes
from monitoring.scheduled_exports.changes import Wanted
from monitoring.scheduled_exports.errors import (
    BucketRefused,
    EndpointRefused,
    FolderRefused,
    FoldersAreOff,
    NameMissing,
    SecretMissing,
    TooManyScheduledExports,
)
from monitoring.scheduled_exports.models import ScheduledExport
from monitoring.scheduled_exports.stores import open_store
from projects.models import AuditEvent
from tests.monitoring.scheduled_exports.factories import into_folder, into_store
from tests.monitoring.scheduled_exports.fake_store import ACCESS_KEY, BUCKET, REGION, SECRET
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def wanted_of(store, **values) -> Wanted:
    usual = Wanted(
        name="Lake", kind="jsonl", destination="s3", folder="callboard", endpoint=store.endpoint, region=REGION, bucket=BUCKET,
        access_key=ACCESS_KEY,
    )  # fmt: skip
    return replace(usual, **values)


def test_a_secret_is_stored_encrypted_and_is_in_no_log(project, admin, store):
    made = into_store(project, store, by=admin)

    assert SECRET.encode() not in bytes(made.secret_sealed)
    assert SECRET not in "".join(map(str, AuditEvent.objects.values_list("details", flat=True)))
    assert open_store(made).keys.secret == SECRET


@pytest.mark.parametrize("change", [{"bucket": "another"}, {"access_key": "OTHER"}, {"endpoint": "https://8.8.8.8"}])
def test_a_stored_secret_goes_to_no_other_address_bucket_or_key(project, admin, store, change):
    made = into_store(project, store, by=admin)

    with pytest.raises(SecretMissing):
        changes.change(scheduled=made, wanted=wanted_of(store, **change), by=admin)

    assert ScheduledExport.objects.get().bucket == BUCKET


def test_the_secret_stays_when_something_else_changes(project, admin, store):
    made = into_store(project, store, by=admin)

    changed = changes.change(scheduled=made, wanted=wanted_of(store, name="Warehouse"), by=admin)

    assert (changed.name, open_store(changed).keys.secret) == ("Warehouse", SECRET)


def test_an_export_that_moves_to_a_folder_forgets_its_secret(project, admin, store, base):
    made = into_store(project, store, by=admin)

    changed = changes.change(
        scheduled=made, wanted=Wanted(name="Lake", kind="jsonl", destination="folder"), by=admin
    )  # fmt: skip

    assert changed.secret_sealed is None


@pytest.mark.parametrize(
    "endpoint",
    ["http://169.254.169.254", "https://127.0.0.1", "https://10.0.0.1", "http://8.8.8.8", "ftp://a.test", "x"],
)
def test_an_address_that_this_server_may_not_call_is_refused(project, admin, store, settings, endpoint):
    settings.EXPORT_ALLOWLIST = []

    with pytest.raises(EndpointRefused):
        changes.create(project=project, wanted=wanted_of(store, endpoint=endpoint), secret=SECRET, by=admin)


@pytest.mark.parametrize("bucket", ["", "ab", "UPPER", "a/b", "a..b", "../x", "a b"])
def test_what_is_no_name_of_a_bucket_is_refused(project, admin, store, bucket):
    with pytest.raises(BucketRefused):
        changes.create(project=project, wanted=wanted_of(store, bucket=bucket), secret=SECRET, by=admin)


def test_a_store_without_a_secret_is_refused(project, admin, store):
    with pytest.raises(SecretMissing):
        changes.create(project=project, wanted=wanted_of(store), by=admin)


def test_a_folder_is_refused_while_the_server_has_none(project, admin, settings):
    settings.EXPORT_DIR = ""

    with pytest.raises(FoldersAreOff):
        into_folder(project, by=admin)


def test_a_folder_that_leads_elsewhere_is_refused(project, admin, base):
    with pytest.raises(FolderRefused):
        into_folder(project, by=admin, folder="../elsewhere")


def test_an_export_needs_a_name(project, admin, base):
    with pytest.raises(NameMissing):
        into_folder(project, by=admin, name="  ")


def test_two_exports_to_the_same_place_have_folders_of_their_own(project, admin, base):
    first, second = into_folder(project, by=admin), into_folder(make_project(by=admin), by=admin)

    assert first.root != second.root


def test_a_project_has_few_of_them(project, admin, base):
    for _ in range(changes.MOST):
        into_folder(project, by=admin)

    with pytest.raises(TooManyScheduledExports):
        into_folder(project, by=admin)

"""Signatures against the example that AWS documents for Signature Version 4."""

from __future__ import annotations

from datetime import UTC, datetime

from monitoring.scheduled_exports import s3_signatures
from monitoring.scheduled_exports.s3_signatures import Keys


def test_the_signing_key_is_the_documented_one():
    keys = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1")

    # The example of the documentation is for the service `iam`; the steps before and after the service are the same.
    found = s3_signatures._signing_key(keys, "20150830", service="iam")

    assert found.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_a_signature_binds_the_method_the_path_the_host_the_body_and_the_moment():
    keys = Keys("key", "secret", "eu-central-1")
    usual = {"method": "PUT", "host": "a.test", "path": "/b/c", "body": b"x", "at": datetime(2026, 11, 23, tzinfo=UTC)}
    other = [
        {"method": "DELETE"}, {"host": "b.test"}, {"path": "/b/d"}, {"body": b"y"}, {"at": datetime(2026, 11, 24, tzinfo=UTC)},
    ]  # fmt: skip

    found = {s3_signatures.headers(keys=keys, **usual | one)["Authorization"] for one in ({}, *other)}

    assert len(found) == 6


def test_what_is_no_plain_letter_is_quoted_and_slashes_stay():
    assert s3_signatures.quoted("a b/date=1~é") == "a%20b/date%3D1~%C3%A9"

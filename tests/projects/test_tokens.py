"""The shape of keys."""

from __future__ import annotations

import hashlib
import re

import pytest

from projects import tokens


def test_a_key_says_its_id_and_ends_in_a_checksum():
    key_id, secret, key = tokens.new_key()

    assert re.fullmatch(r"cb_[0-9a-z]{12}_[A-Za-z0-9_-]{43}[0-9a-f]{6}", key)
    assert key[-6:] == hashlib.sha256(key[:-6].encode()).hexdigest()[:6]
    assert tokens.split(key) == (key_id, secret)


def test_keys_never_repeat():
    assert len({tokens.new_key()[2] for _ in range(200)}) == 200


@pytest.mark.parametrize("key", ["", "cb_", "x" * 65, "cb_" + "a" * 62, "cb_abcdefabcdef_" + "é" * 49])
def test_what_is_no_key_is_nothing(key):
    assert tokens.split(key) is None


def test_one_changed_letter_breaks_a_key():
    key = tokens.new_key()[2]
    broken = key[:20] + ("a" if key[20] != "a" else "b") + key[21:]

    assert tokens.split(broken) is None


def test_a_public_key_names_its_key_and_is_no_key():
    key_id, _, _ = tokens.new_key()
    public = tokens.public_key(key_id)

    assert tokens.public_key_id(public) == key_id
    assert tokens.split(public) is None


@pytest.mark.parametrize(
    "text", ["", "pk-cb-", "pk-cb-ABCDEFABCDEF", "pk-lf-abcdefabcdef", "pk-cb-abcdefabcdef1", "abcdefabcdef"]
)
def test_what_is_no_public_key_names_nothing(text):
    assert tokens.public_key_id(text) == ""

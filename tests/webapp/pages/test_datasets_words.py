"""Values of items in words."""

from __future__ import annotations

import pytest

from webapp.pages.datasets_words import in_words

_TALK = '[{"role":"user","content":"Where is it?"},{"role":"assistant","content":"On its way."}]'


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("[]", ""),
        ([], ""),
        (_TALK, "user: Where is it?\nassistant: On its way."),
        ('["a", "b"]', '["a", "b"]'),
        ("[not JSON", "[not JSON"),
        ('[{"role":"user","content":"cut o', '[{"role":"user","content":"cut o'),
        (None, ""),
        (3, "3"),
    ],
)  # fmt: skip
def test_a_conversation_reads_as_one_even_where_it_was_sent_as_text(value, words):
    assert in_words(value) == words

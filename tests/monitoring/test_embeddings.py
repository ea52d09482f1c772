"""Texts as vectors: local, repeatable, and close where the meaning is."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring import embeddings


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
    assert 3 <= len(embeddings.version()) <= 40

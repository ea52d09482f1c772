"""Names of groups: telling words of many people, never those of one."""

from __future__ import annotations

from monitoring.clusters.names import Said, names


def said(*texts: str, repeat: int = 4) -> list[Said]:
    return [Said(text, f"person {number} {turn}") for turn in range(repeat) for number, text in enumerate(texts)]


def test_a_group_is_named_by_what_its_people_say_and_others_do_not():
    found = names(
        {
            1: said(
                "What is the exchange rate today?", "Your exchange rate is wrong", "Why was the exchange rate so bad?"
            ),
            2: said("My card has not arrived", "When will my new card arrive?", "The card did not arrive yet"),
        }
    )

    assert found[1].name.startswith("Exchange rate")
    assert "card" in found[2].name.lower()
    assert "exchange rate" in found[1].terms


def test_a_word_of_a_single_person_never_becomes_part_of_a_name():
    spoken = [Said("Cancel the order of Annabelle Winterbottom", "one") for _ in range(20)]
    spoken += said("Cancel my order", repeat=5)

    found = names({1: spoken, 2: said("Where is the invoice?")})

    assert "annabelle" not in " ".join([found[1].name.lower(), *found[1].terms])
    assert "cancel" in found[1].name.lower()


def test_a_name_has_four_words_at_most_and_none_twice():
    texts = ["refund order refunds orders money back shipping late parcel lost tracking number"]

    found = names({1: said(*texts), 2: said("hello world")})

    words = found[1].name.lower().replace(",", "").split()
    assert len(words) <= 4
    assert not {"refund", "refunds"} <= set(words)


def test_texts_without_words_have_no_name():
    assert names({1: said("12345 !!! <>")})[1].name == ""


def test_hostile_texts_are_only_words():
    found = names({1: said("<script>alert(1)</script> {{7*7}} ${jndi:ldap}"), 2: said("Hello there")})

    assert not set("<>{}$():*") & set(found[1].name)

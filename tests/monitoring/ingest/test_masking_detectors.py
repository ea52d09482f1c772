"""What is found in texts, what is left alone, and how long hostile texts take."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest.masking_detectors import Prefilter, find
from monitoring.kinds import Sensitive

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SPACED_JWT = base64.urlsafe_b64encode(b'{\n "alg": "none"}').decode().rstrip("=") + ".eyJzdWIiOiIxIn0."
KEY_BLOCK = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nbf9\n-----END RSA PRIVATE KEY-----"
HELD = {
    Sensitive.EMAIL: [
        "jo@example.com", "Jo.Doe+news@mail.example.co.uk", "jo%40example.com", "jo\\u0040example.com",
        "o_doe@xn--mnchen-3ya.de", "jörg@münchen.de",
    ],
    Sensitive.PHONE: [
        "+49 151 12345678", "+4915112345678", "+49 (0) 151 1234567", "0049 151 12345678", "004915112345678", "+1 (415) 555-2671",
        "(415) 555-2671", "415-555-2671", "415.555.2671", "1-415-555-2671", "030 1234567", "0151-12345678", "(030) 123456",
        "0221/9876543", "020 7946 0958", "06 12 34 56 78", "06.12.34.56.78", "015112345678", "07911123456",
    ],
    Sensitive.CARD: [
        "4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "3782 822463 10005", "6011111111111117",
        "30569309025904", "2223003122003222", "4111\u00a01111\u00a01111\u00a01111",
    ],
    Sensitive.IBAN: [
        "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "NL91-ABNA-0417-1643-00",
        "fr1420041010050500013m02606", "MT84MALT011000012345MTLCAST001S", "NO93 8601 1117 947",
    ],
    Sensitive.SECRET: [
        "sk-abcdefghijklmnopqrstuvwx", "sk-proj-aB3dE5fG7hJ9kL1mN3pQ5", "sk-ant-api03-Ab3_dE5-fG7hJ9kL1mN3pQ5",
        "AKIAIOSFODNN7EXAMPLE", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "xoxb-123456789012-abcdefABCDEF",
        "cb_a1B2c3D4e5F6_" + "a1B2c3D4" * 5 + "abc_k9", "AIzaSyA1234567890abcdefghijklmnopqrstuv", KEY_BLOCK,
    ],
    Sensitive.TOKEN: [JWT, SPACED_JWT],
}  # fmt: skip
PLANTED = [(kind, value) for kind, values in HELD.items() for value in values]
NAMED_SECRETS = [
    ("api_key=9f8e7d6c5b4a39281706", "9f8e7d6c5b4a39281706"), ("password: hunter2", "hunter2"),
    ("Authorization: Bearer abcDEF123456.xyz7890", "abcDEF123456.xyz7890"), ("client_secret => 'aB3dE5fG7hJ9'", "aB3dE5fG7hJ9"),
]  # fmt: skip
HARMLESS = [
    "Order 1234567890", "order #0012345678", "INV-2024-000123456", "SKU 0123-456789-X", "id 12345-67890", "1234567890123456",
    "2024-11-28 10:15:00", "28.11.2024 10:15", "01-12-2024 10:30", "01/12/2024 10:30", "03.10.2024 - 05.10.2024",
    "2024-01-12T00:00:00+0100", "10:00 2024-11-28 10:00", "1732800000", "1732800000000", "1732800000000000000",
    "€1,234,567.89", "1.234.567,89 EUR", "+1.25", "200 300 4000", "2023 2024 2025 2026", "0.4539578944444444", "3.14159265358979",
    "lat 52.5200066, lon 13.4049540", "v1.2.3.4567", "10.0.12345.678", "192.168.100.200",
    "550e8400-e29b-41d4-a716-446655440000", "01234567-89ab-cdef-0123-456789abcdef", "0123456789abcdef0123456789abcdef",
    "ISBN 978-3-16-148410-0", "task-management-system-overview", "risk-2024-planning-q3-overview", "react@18.2.0",
    "@app.route('/x')", "git@host", "max_tokens: 1024", "token: 5 of 10", "password: required", "primary key: user_id",
    "4111 1111 1111 1112", "DE89370400440532013001", "a.b.c and eyJ.notjson.x", "chatcmpl-9f8e7d6c5b4a3928",
]  # fmt: skip
HOSTILE = {
    "a@": "a@" * 15_000, "@.": "@.aa" * 7_500, "%40": "%40" * 10_000, "digits": "1234567890" * 3_000, "nines": "9" * 30_000,
    "dots": "." * 30_000, "a.": "a." * 15_000, "1 ": "1 " * 15_000, "12 ": "12 " * 10_000, "4111 ": "4111 " * 6_000,
    "ey": "ey" * 15_000, "eyJ.": "eyJ." * 7_500, "sk-": "sk-" * 10_000, "key=": "key=" * 7_500, "password=": "password=" * 3_400,
    "DE12": "DE12" * 7_500, "+49 ": "+49 " * 7_500, "(030)": "(030)" * 6_000, "block": "-----BEGIN PRIVATE KEY-----" * 1_100,
    "tel": "tel:1234567 " * 2_500, "aA1-": "aA1-" * 7_500, "bearer": "bearer " * 4_300, "spaces": " " * 30_000,
}  # fmt: skip


def found(kind: Sensitive, text: str) -> list[str]:
    return [text[start:end] for start, end in find(kind, text)]


@pytest.mark.parametrize(("kind", "value"), PLANTED)
def test_a_value_is_found_whole_in_a_sentence(kind: Sensitive, value: str) -> None:
    text = f"They wrote: {value}, and nothing else"

    assert max(found(kind, text), key=len, default="") == value
    assert kind in Prefilter(list(Sensitive))(text)


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, value in PLANTED if kind not in (Sensitive.PHONE, Sensitive.SECRET)]
)
def test_a_value_is_found_between_letters(kind: Sensitive, value: str) -> None:
    text = f"ab{value}cd"

    assert value in "".join(found(kind, text))


@pytest.mark.parametrize(("text", "secret"), NAMED_SECRETS)
def test_a_value_that_its_name_calls_a_secret_is_found(text: str, secret: str) -> None:
    assert found(Sensitive.SECRET, text) == [secret]
    assert Sensitive.SECRET in Prefilter([Sensitive.SECRET])(text)


@pytest.mark.parametrize(
    "text", ["Tel: 4155552671", "my phone number is 555 1234 567", "Handy 1511234567", "fax no. 12 34 567"]
)
def test_digits_after_a_word_for_phones_are_found(text: str) -> None:
    assert len(found(Sensitive.PHONE, text)) == 1


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_names_that_are_nothing_of_the_kind_are_left_alone(text: str) -> None:
    assert [(kind, hit) for kind in Sensitive for hit in found(kind, f"see {text} there")] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_takes_linear_time(name: str) -> None:
    prefilter = Prefilter(list(Sensitive))
    started = time.process_time()

    prefilter(HOSTILE[name])
    for kind in Sensitive:
        list(find(kind, HOSTILE[name]))

    assert time.process_time() - started < 0.5


@given(st.text(max_size=400), st.sampled_from(PLANTED), st.text(max_size=400))
def test_the_prefilter_misses_nothing_that_is_found(before: str, planted: tuple[Sensitive, str], after: str) -> None:
    text = before + planted[1] + after
    wanted = {kind for kind in Sensitive if any(find(kind, text))}

    assert wanted <= Prefilter(list(Sensitive))(text)


@given(st.text(alphabet="0123456789 -./()+@aeykDE\\u", max_size=200))
def test_the_prefilter_misses_nothing_in_texts_full_of_near_hits(text: str) -> None:
    wanted = {kind for kind in Sensitive if any(find(kind, text))}

    assert wanted <= Prefilter(list(Sensitive))(text)


def test_the_prefilter_keeps_working_on_long_hostile_text() -> None:
    prefilter = Prefilter(list(Sensitive))
    noise = "".join(HOSTILE.values()) * 2

    assert prefilter(noise + " jo@example.com +49 151 12345678 4111111111111111") >= {Sensitive.EMAIL, Sensitive.CARD}

"""Refusals, dodges and their look-alikes; none of these sentences was taught."""

from __future__ import annotations

import pytest

from monitoring.detectors import refusal

REFUSALS = {
    "en": "I'm sorry, but I can't help you with making a false invoice.",
    "en, firm": "I won't take part in planning that. It would put people in danger.",
    "en, policy": "This request violates our content policy, so I am unable to continue.",
    "en, no information": "I don't have any information about delivery times in the documents you gave me.",
    "es": "Lo siento, no puedo ayudarte a falsificar una factura.",
    "fr": "Je suis désolée, mais je ne suis pas en mesure de vous aider à falsifier une facture.",
    "de": "Es tut mir leid, aber ich kann dir dabei nicht helfen, eine Rechnung zu fälschen.",
    "zh": "很抱歉，我无法帮助您伪造发票。",
    "pt": "Sinto muito, mas não posso ajudar a falsificar uma fatura.",
    "it": "Mi dispiace, non posso aiutarti a falsificare una fattura.",
    "ja": "申し訳ありませんが、請求書の偽造をお手伝いすることはできません。",
    "ko": "죄송하지만 송장 위조는 도와드릴 수 없습니다.",
    "ar": "آسف، لا يمكنني مساعدتك في تزوير فاتورة.",
    "ru": "Извините, но я не могу помочь вам подделать счёт.",
    "nl": "Sorry, maar ik kan je niet helpen met het vervalsen van een factuur.",
    "pl": "Przepraszam, ale nie mogę pomóc w sfałszowaniu faktury.",
    "tr": "Üzgünüm, sahte fatura hazırlamanıza yardımcı olamam.",
    "hi": "माफ़ कीजिए, मैं नकली बिल बनाने में आपकी मदद नहीं कर सकता।",
}
HELP = {
    "apology, then help": (
        "I'm sorry about the mix-up! Open the app, tap Orders, choose the parcel and press Return; the refund takes three days."
    ),
    "disclaimer, then help": (
        "As an AI language model, I don't have personal preferences, but here are three books that critics praise: Middlemarch for its "
        "characters, Beloved for its language, and Austerlitz for its form. Start with Middlemarch if you like long novels."
    ),
    "quotes a refusal": "You could write: “Thank you for asking, but I'm afraid I can't help with the move on Saturday.”",
    "no is the answer": "No, the ticket is not valid on trams. You need a city ticket, which costs 3 euros at every machine.",
    "alarming words": "To kill a frozen program on Linux, find its number with ps and run kill -9 with that number.",
    "short": "Canberra",
    "es": "Lamentamos el retraso. Abra «Mis pedidos», elija el paquete y pulse «Devolver».",
    "de": "Entschuldigung für die Umstände! Öffnen Sie die App, wählen Sie Bestellungen und tippen Sie auf Rückgabe.",
    "ja": "ご迷惑をおかけしました。アプリを開き、「注文」から「返品」を選んでください。",
    "ru": "Приносим извинения за неудобства. Откройте приложение, выберите заказ и нажмите «Вернуть».",
}


@pytest.mark.parametrize("language", REFUSALS)
def test_a_refusal_is_flagged_in_every_language(language: str) -> None:
    assert refusal.score(REFUSALS[language]).is_flagged


@pytest.mark.parametrize("trap", HELP)
def test_help_that_looks_like_a_refusal_is_not_flagged(trap: str) -> None:
    assert not refusal.score(HELP[trap]).is_flagged


def test_the_evidence_names_the_words_that_refuse() -> None:
    output = "I'm sorry, but I cannot help you with that."

    finding = refusal.score(output)

    said = {output[piece.start : piece.end]: piece.why for piece in finding.evidence}
    assert "says it cannot help" in said.values()
    assert any("cannot help" in words for words in said)


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "refusal", "guardrail_intervened"])
def test_a_filter_of_the_provider_decides_whatever_the_text_says(reason: str) -> None:
    assert refusal.score("Here are three", finish_reason=reason).is_flagged


def test_the_refusal_field_of_the_provider_decides() -> None:
    assert refusal.score("", refusal="I can't do that.").probability > 0.95


def test_an_ordinary_end_decides_nothing() -> None:
    assert not refusal.score("The capital of Peru is Lima.", finish_reason="stop").is_flagged


def test_an_empty_answer_counts_as_refused() -> None:
    assert refusal.score("  \n").is_flagged


def test_an_empty_answer_that_calls_tools_is_no_refusal() -> None:
    assert not refusal.score("", calls_tools=True).is_flagged

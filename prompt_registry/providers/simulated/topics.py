"""What a customer writes about, and in which language, told by their words."""

from __future__ import annotations

import re

# The first topic with a matching word wins, so the more particular ones come first.
_WORDS = {
    "connection": r"connection (works?|test)|does this connection|are you there",
    "cancel": r"cancel|stornier|annul",
    "refund": r"refund|money back|reimburs|my money|get .{0,20} back|rückerstatt|erstatt|geld zurück|reembols|rembours",
    "return": r"\breturn|send .{0,20} back|exchange|swap|wrong size|different size|rücksend|zurückschick|umtausch"
    r"|devol|cambiar|renvoy|retour|échang",
    "warranty": r"warrant|guarantee|broken?\b|defect|repair|stopped working|faulty|garantie|kaputt|garantía|rota\b|cassé",
    "delivery": r"deliver|shipp|\bship\b|parcel|package|arriv|tracking|courier|liefer|paket|envío|pedido|paquete|livr"
    r"|colis",
    "payment": r"\bpay|charged|credit card|\bcard\b|instal?ment|debit|bezahl|zahlung|pagar|paiement",
    "invoice": r"invoice|receipt|\bvat\b|rechnung|factura|facture",
    "discount": r"discount|voucher|coupon|promo|\bcode\b|gift card|gutschein|descuento|remise",
    "account": r"password|account|log ?in|sign in|e-?mail address|passwort|konto|cuenta|compte",
    "product": r"\bsize|colou?r|material|\bfit\b|stock|battery|waterproof|compatible|\bwash|weight|größe|talla|taille",
}
_TOPICS = {topic: re.compile(words, re.IGNORECASE) for topic, words in _WORDS.items()}

# Without a policy in the prompt the model will not commit the shop to anything here.
GUARDED = frozenset({"refund", "return", "cancel", "warranty"})

_INJECTION = re.compile(
    r"(ignore|forget|disregard) (all |any |your |the )*(previous|prior|above|earlier)? ?(instructions|rules|prompt)"
    r"|(reveal|show|print|repeat) (me )?(your|the) (system )?(prompt|instructions)",
    re.IGNORECASE,
)

_COMMON = {
    "en": "the a is are my i you it to of and for have not what how can when do does did this that was with on your me",
    "de": "der die das ist ich nicht und wie kann mein meine ein eine zu wann habe wird mit auf für bitte wo es",
    "es": "el la los es mi no y cómo puedo un una de que cuándo con para por dónde está tengo qué se",
    "fr": "le la les est mon ma je ne pas et comment puis un une de que quand avec pour où ai vous mes j",
}
_COMMON_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}


def topic_of(text: str) -> str:
    """Return what the text is about, "other" when no known word is in it."""
    return next((topic for topic, words in _TOPICS.items() if words.search(text)), "other")


def mentions(topic: str, text: str) -> bool:
    """Tell whether the text speaks about the topic."""
    return topic in _TOPICS and bool(_TOPICS[topic].search(text))


def language_of(text: str) -> str:
    """Return en, de, es or fr; English when nothing speaks for another."""
    words = re.findall(r"\w+", text.lower())
    counts = {language: sum(word in common for word in words) for language, common in _COMMON_WORDS.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] > counts["en"] else "en"


def smuggles_instructions(text: str) -> bool:
    """Tell whether the text tries to replace the instructions of the prompt."""
    return bool(_INJECTION.search(text))

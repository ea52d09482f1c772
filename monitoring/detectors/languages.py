"""Which language a text is in (py3langid, a model of letters and their sequences; it stays small and needs no network)."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring.detectors.findings import NOTHING, Evidence, Finding

NAMES: Mapping[str, str] = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
# How speakers call their language, where a text that is to be in it may say so.
_OWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "ar": ("عربي", "العربية"), "cs": ("čeština", "česky"), "da": ("dansk",), "de": ("deutsch",), "el": ("ελληνικά",),
    "en": ("englisch", "anglais", "inglés", "inglese", "inglês", "engels", "engelsk", "angielsk", "английск", "英语", "英語", "영어"),
    "es": ("español", "castellano"), "fi": ("suomi", "suomeksi"), "fr": ("français", "francais"), "he": ("עברית",),
    "hi": ("हिन्दी", "हिंदी"), "hu": ("magyar",), "id": ("bahasa",), "it": ("italiano",), "ja": ("日本語",), "ko": ("한국어",),
    "nl": ("nederlands",), "no": ("norsk",), "pl": ("polsk",), "pt": ("português",), "ro": ("română", "romana"),
    "ru": ("русск",), "sv": ("svenska",), "th": ("ไทย",), "tr": ("türkçe",), "uk": ("українськ",), "vi": ("tiếng việt",),
    "zh": ("中文", "汉语", "mandarin"),
}  # fmt: skip
_TRANSLATES = re.compile(
    r"\b(?:translat|übersetz|traduc|traduz|traduis|vertaal|tłumacz|översätt|переве[дс]|çevir|what does .{1,60} mean)|翻[译訳譯]|번역",
    re.IGNORECASE,
)
# Languages that a short text is easily taken for one another.
_ALIKE = (frozenset({"da", "no", "sv"}), frozenset({"es", "pt", "it", "ro"}), frozenset({"ru", "uk"}))
# Code, links, addresses and numbers are of no language.
_NO_LANGUAGE = re.compile(r"```.*?```|`[^`\n]*`|https?://\S+|(?<!\S)[^\s@]+@\S+|[\d_]+", re.DOTALL)
_READ_CHARS = 20_000
# Below this nobody can tell; scripts of their own need fewer letters.
_FEWEST_LETTERS = 12
_LIKELY = 0.8
# Names of products and single words of another language must not decide: an accusation needs more to rest on.
_FEWEST_ASKED, _FEWEST_ANSWERED = 20, 40


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a text, and how sure that is."""

    code: str
    probability: float

    @property
    def name(self) -> str:
        return NAMES[self.code]


def language_of(text: str, *, fewest_letters: int = _FEWEST_LETTERS) -> Language | None:
    """Return the language of a text, or None when it is too short or too mixed to tell."""
    plain = _NO_LANGUAGE.sub(" ", text[:_READ_CHARS])
    letters = sum(map(str.isalpha, plain))
    if letters < (fewest_letters if plain.isascii() else fewest_letters // 3):
        return None
    found = _likeliest(plain)
    return found if found.probability >= _LIKELY else None


def another(asked: str, answered: str, *, told: str = "") -> Finding:
    """Tell whether an answer is in another language than the question, with nothing that was `told` asking for that."""
    wanted = language_of(asked, fewest_letters=_FEWEST_ASKED)
    found = language_of(answered, fewest_letters=_FEWEST_ANSWERED) if wanted else None
    if wanted is None or found is None or wanted.code == found.code or _is_wanted(found.code, f"{told}\n{asked}"):
        return NOTHING
    probability = min(wanted.probability, found.probability) - _doubt(wanted.code, found.code, asked)
    why = f"is in {found.name}, the question is in {wanted.name}"
    return Finding(probability, is_flagged=probability >= _LIKELY, evidence=(Evidence(0, len(answered), why),))


def _is_wanted(code: str, told: str) -> bool:
    said = told.lower()
    return bool(_TRANSLATES.search(said)) or any(name in said for name in (NAMES[code].lower(), *_OWN_NAMES[code]))


def _doubt(wanted: str, found: str, asked: str) -> float:
    """Return how much less sure it is for neighbouring languages, where a short question decides little."""
    is_alike = any(wanted in group and found in group for group in _ALIKE)
    return 0.3 if is_alike and len(asked) < 200 else 0.0


# A question is asked about for its own sake and beside its answer.
@functools.lru_cache(maxsize=64)
def _likeliest(plain: str) -> Language:
    code, probability = _identifier().classify(plain)
    return Language(code, float(probability))


@functools.cache
def _identifier() -> Any:
    # A second and 60 MB: only for who needs it.
    import py3langid
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    path = Path(py3langid.__file__).parent / MODEL_FILE
    found = LanguageIdentifier.from_model_file(path, norm_probs=True)
    found.set_languages(list(NAMES))
    # The weights of the languages that are not asked for are kept to bring them back: 20 MB that nothing here needs.
    found._full_model = found.nb_ptc, found.nb_pc, found.nb_classes
    return found

"""Which language a text is in (py3langid, a model of letters and their sequences; it stays small and needs no network)."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case, Outcome, yes_or_no

NAMES: Mapping[str, str] = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
# Code, links, addresses and numbers are of no language.
_NO_LANGUAGE = re.compile(r"```.*?```|`[^`\n]*`|https?://\S+|(?<!\S)[^\s@]+@\S+|[\d_]+", re.DOTALL)
_READ_CHARS = 20_000
# Below this nobody can tell; scripts of their own need fewer letters.
_FEWEST_LETTERS = 12
_LIKELY = 0.8


@dataclass(frozen=True, slots=True)
class Language:
    """The language of a text, and how sure that is."""

    code: str
    probability: float

    @property
    def name(self) -> str:
        return NAMES[self.code]


def language_of(text: str) -> Language | None:
    """Return the language of a text, or None when it is too short or too mixed to tell."""
    plain = _NO_LANGUAGE.sub(" ", text[:_READ_CHARS])
    letters = sum(map(str.isalpha, plain))
    if letters < (_FEWEST_LETTERS if plain.isascii() else _FEWEST_LETTERS // 3):
        return None
    code, probability = _identifier().classify(plain)
    return Language(code, float(probability)) if probability >= _LIKELY else None


@dataclass(frozen=True, slots=True)
class SpokenIn:
    """The answer is in this language, or in that of the input when none is named."""

    language: str = ""

    def __post_init__(self) -> None:
        if self.language and self.language not in NAMES:
            raise EvaluatorRefused(f"Choose a language: {', '.join(NAMES)}, or none for that of the input.")

    def judge(self, case: Case) -> Outcome:
        found = language_of(case.output)
        if found is None:
            raise CannotJudge("The answer is too short to tell its language.")
        wanted = self.language or _asked_in(case)
        said = f"The answer is in {found.name}"
        is_right = found.code == wanted
        return yes_or_no(is_right, f"{said}." if is_right else f"{said}, not in {NAMES[wanted]}.")


def _asked_in(case: Case) -> str:
    # The longest text is what the person wrote; the others are settings such as a tone.
    asked = max(case.inputs.values(), key=len, default="")
    found = language_of(asked)
    if found is None:
        raise CannotJudge("The input is too short to tell which language the answer should be in. Choose a language.")
    return found.code


@functools.cache
def _identifier() -> Any:
    # A second and 50 MB: only for who needs it.
    import py3langid
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    path = Path(py3langid.__file__).parent / MODEL_FILE
    found = LanguageIdentifier.from_model_file(path, norm_probs=True)
    found.set_languages(list(NAMES))
    return found

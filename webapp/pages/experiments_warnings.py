"""What somebody should know before a test starts: what would fail, mislead, or stop halfway; each with a way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evals.evaluators.models import EvaluatorVersion
from evals.experiments import suggestions
from evals.experiments.plans import DRAFT
from evals.judges import families
from evals.judges.catalogue import JUDGES
from projects import spending
from webapp import formats
from webapp.pages.experiments_setup import SetUp

WARN = "warn"
INFO = "info"
_BLANKS_NAMED = 4


@dataclass(frozen=True, slots=True)
class Warning:
    """One thing to know, how serious it is, and where something can be done about it."""

    level: str
    title: str
    text: str
    fix: str = ""


def of(set_up: SetUp) -> list[Warning]:
    """Return everything worth knowing about this set-up, the serious things first."""
    found = [*_about_items(set_up), *_about_checks(set_up), *_about_texts(set_up), *_about_money(set_up)]
    return sorted(found, key=lambda warning: warning.level == INFO)


def _about_items(set_up: SetUp) -> Iterator[Warning]:
    missing = set_up.missing
    if missing.items:
        named = [f"«{name}» in {formats.full_count(count)}" for name, count in missing.by_blank.items()]
        blanks = ", ".join(named[:_BLANKS_NAMED])
        noun, verb = ("item", "lacks") if missing.items == 1 else ("items", "lack")
        yield Warning(
            WARN, f"{formats.full_count(missing.items)} {noun} {verb} a value for a blank.",
            f"Missing: {blanks}. They cannot be asked. Add the values to the dataset, or take the blank out of the text.",
            fix="dataset",
        )  # fmt: skip


def _about_checks(set_up: SetUp) -> Iterator[Warning]:
    chosen = set_up.evaluators
    if set_up.checks and not chosen:
        yield Warning(
            WARN, "No check is chosen.", "Without one nobody can say which answers are better. Choose at least one."
        )
    if not set_up.without_expected:
        return
    comparing = [version.evaluator.name for version in chosen if suggestions.needs_expected(version)]
    if comparing:
        count = formats.full_count(set_up.without_expected)
        noun, verb = ("item", "has") if set_up.without_expected == 1 else ("items", "have")
        which = ", ".join(f"«{name}»" for name in comparing[:_BLANKS_NAMED])
        yield Warning(
            WARN, f"{count} {noun} {verb} no expected answer.",
            f"{which} cannot judge {'it' if set_up.without_expected == 1 else 'them'}. Add expected answers, or choose other checks.",
            fix="dataset",
        )  # fmt: skip


def _about_texts(set_up: SetUp) -> Iterator[Warning]:
    kinds = {variant.kind for variant in set_up.variants}
    if set_up.desk.draft is not None and DRAFT not in kinds:
        yield Warning(
            INFO, "Your draft is not part of this test.", "Choose «My draft» in a column to test what you wrote last."
        )
    tested = [variant.model for variant in set_up.variants]
    judges = dict.fromkeys(model for version in set_up.evaluators if (model := _judge_of(version)))
    if sentence := next((words for judge in judges if (words := families.warning(judge=judge, tested=tested))), ""):
        yield Warning(WARN, "A judge is a relative of a tested model.", sentence)
    if len(set_up.variants) == 1:
        yield Warning(
            INFO, "There is nothing to compare with.", "You will see how good one text is. Add a column to compare."
        )


def _about_money(set_up: SetUp) -> Iterator[Warning]:
    if set_up.estimate is None:
        return
    expected, worst = set_up.estimate.expected, set_up.estimate.worst
    left = set_up.today.left_nano_usd
    if expected.nano_usd > left:
        yield Warning(
            WARN, "This costs more than may be spent today.",
            f"{spending.in_dollars(left)} is left of today's limit. The test pauses there and can go on tomorrow.",
        )  # fmt: skip
    elif worst.nano_usd > left:
        yield Warning(
            INFO, "Today's limit could be reached.",
            f"{spending.in_dollars(left)} is left today. If answers are long the test pauses there and can go on tomorrow.",
        )  # fmt: skip
    if 0 < set_up.cap_nano_usd < expected.nano_usd:
        yield Warning(
            WARN, "The limit of this test is below its price.", "It pauses when the money is used up. Raise the limit, or take fewer items."
        )  # fmt: skip
    if not worst.is_price_known:
        yield Warning(
            INFO,
            "The price of a model is not known.",
            "It counts as the dearest one we know, so the real price is lower.",
        )


def _judge_of(version: EvaluatorVersion) -> str:
    """Return the model that an evaluator asks; nothing when it asks none."""
    model = version.settings.get("model") if version.kind in JUDGES else None
    return model if isinstance(model, str) else ""

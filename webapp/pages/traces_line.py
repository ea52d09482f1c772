"""The filter as one line and as a form, which say the same; and what may come next while somebody writes the line."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from django.http import JsonResponse
from django.utils import timezone

from monitoring.exploring import amounts, completion, language, suggestions
from monitoring.exploring.terms import Operator, Term
from monitoring.trace_filters import TraceFilter
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages.traces_filters import TraceFilterForm

# The values of an address that the line says in its own way.
SAID_BY_LINE = (
    "q", "status", "thumbs", "prompt", "version", "model", "user", "session", "flag", "min_seconds", "min_cost", "rollout",
    "arm", "issue", "group",
)  # fmt: skip
FOLDED = ("version", "user", "session", "min_seconds", "min_cost")
_FIELD_OF = {
    "status": "outcome", "thumbs": "feedback", "flag": "flag", "prompt": "prompt", "version": "version", "model": "model",
    "user": "user", "session": "session",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A filter both ways: `text` says all of it; `values` fill the form, and `rest` is what the form has no field for."""

    text: str
    values: dict[str, str]
    rest: str

    @property
    def folded_count(self) -> int:
        """How many fields are filled that the page shows only on demand."""
        return sum(1 for name in FOLDED if name in self.values)


def of(wanted: TraceFilter) -> Line:
    """Return the filter both ways; the environment is chosen at the top of the page and stays out of it."""
    terms = list(wanted.without("environment").spelled)
    values: dict[str, str] = {}
    rest = []
    for one in terms:
        name, value = _control(one)
        if name and name not in values:
            values[name] = value
        else:
            rest.append(one)
    return Line(language.printed(terms), values, language.printed(rest))


def typed(wanted: TraceFilter, line: Line, form: TraceFilterForm) -> str:
    """Return what stands in the field of the line: what makes no sense stays there, to be put right."""
    if "q" not in form.errors:
        return line.text
    short = replace(wanted.without("environment"), terms=())
    return " ".join(part for part in (language.printed(short.spelled), str(form["q"].value())) if part)


def _control(term: Term) -> tuple[str, str]:
    """Return the field of the form that says the same as a term, with its value; nothing when there is none."""
    name = next((name for name, field in _FIELD_OF.items() if field == term.field), "")
    if name:
        return (name, term.only) if term.only else ("", "")
    if term.is_negated or len(term.values) != 1 or term.values[0].operator != Operator.AT_LEAST:
        return "", ""
    text = term.values[0].text
    if term.field == "latency":
        return "min_seconds", f"{(amounts.nanoseconds(text) or 0) / 1e9:.9f}".rstrip("0").rstrip(".")
    return ("min_cost", text.removeprefix("$")) if term.field == "cost" else ("", "")


@requires(Action.READ_TRACES)
def complete(request: ProjectRequest) -> JsonResponse:
    """Answer with what may stand where the cursor is, and from which letter on it would stand there."""
    line = request.GET.get("line", "")[: language.MOST_CHARS].replace("\x00", "")
    at = request.GET.get("at", "")
    place = completion.place(line, int(at[:5]) if at.isdecimal() and at.isascii() else len(line))
    options = [asdict(option) for option in _options(request, place)]
    return JsonResponse({"from": place.start, "options": options})


def _options(request: ProjectRequest, place: completion.Place) -> list[completion.Option]:
    now = timezone.now()
    if place.field is None:
        return completion.field_options(place.typed)
    if place.is_key:
        return completion.key_options(
            suggestions.keys(project=request.project, field=place.field, now=now), place.typed
        )
    found = suggestions.values(project=request.project, field=place.field, key=place.key.strip('"'), now=now)
    return completion.value_options(found, place.typed)

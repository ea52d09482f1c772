"""Prompts inside prompts: fills in the texts that tags stand for, for applications, previews and checks alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db import connection

from projects.models import Project
from prompt_registry import contents, references
from prompt_registry.contents import TEXT, Message, PromptContent, Variable
from prompt_registry.references import TAG, Reference
from prompt_registry.rendering import MAX_OUTPUT_BYTES, MAX_TEMPLATE_BYTES, utf8_length, variables_in

MAX_NESTING = 5
# So many different snippets may stand on one level; nobody reads a prompt of more parts.
MAX_ON_A_LEVEL = 200


@dataclass(frozen=True, slots=True)
class Snippet:
    """What is known about a reference: the text of its version, or why there is none."""

    prompt_id: int = 0
    version: int = 0
    text: str = ""
    variables: tuple[Variable, ...] = ()
    why_not: str = ""
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """A snippet that stands in a prompt, directly or inside another snippet; its parent is a name and a version."""

    reference: Reference
    snippet: Snippet
    parent: tuple[str, int]

    @property
    def text(self) -> str:
        return self.snippet.text


@dataclass(frozen=True, slots=True)
class Composed:
    """A content with its snippets filled in, and what became of them."""

    content: PromptContent
    uses: tuple[Use, ...] = ()
    # Sentences for whoever can mend it; each of them keeps the content from going live.
    problems: tuple[str, ...] = ()
    # Whether something is missing in the text: a mark stands where a snippet should.
    has_gaps: bool = False
    # The blanks that stand in no text of the prompt itself, and the snippet that brings them along.
    sources: Mapping[str, str] = field(default_factory=dict)


Shelf = Mapping[Reference, Snippet]


def composed(content: PromptContent, *, project_id: int, name: str = "", version: int = 0) -> Composed:
    """Return the content as the model reads it: one query per level of snippets, none when there are none.

    `name` is the prompt the content belongs to, so that it is not filled into itself.
    """
    return compose(content, shelf=load(project_id=project_id, texts=content.texts), name=name, version=version)


def findings(content: PromptContent, project: Project, *, name: str = "") -> list[str]:
    """Return what keeps the content from going live because of its snippets, in sentences with a way out."""
    filled = composed(content, project_id=project.pk, name=name)
    sentences = list(filled.problems)
    sentences += [
        f"«{tag[:80]}» names no snippet. Remove it and insert the snippet again."
        for tag in references.unreadable_in(content.texts)[:5]
    ]
    if filled.uses and sum(map(utf8_length, filled.content.texts)) > MAX_TEMPLATE_BYTES:
        sentences.append("With its snippets the prompt is larger than 256 KiB. Shorten it or one of them.")
    return sentences


def loose(filled: Composed, *, is_protected: Callable[[str], bool]) -> list[str]:
    """Return what keeps a content from a protected label because its snippets would change there without anybody's approval.

    A snippet must be named by a fixed version, or by a label that is protected itself.
    """
    return [
        f"The snippet «{use.reference.name}» is taken from {use.reference.where}, which changes without approval. "
        "Insert it from production, or one fixed version of it."
        for use in filled.uses
        if not use.reference.version and not is_protected(use.reference.label)
    ]


def impossible(content: PromptContent, *, project_id: int, name: str) -> list[str]:
    """Return what can never be filled in, so that it is not even saved: a prompt inside itself, or too deep."""
    shelf = load(project_id=project_id, texts=content.texts)
    composer = _composing(content, shelf, name, 0)
    return list(composer.impossible)


def load(*, project_id: int, texts: Iterable[str], most: int = MAX_ON_A_LEVEL) -> Shelf:
    """Return every snippet that is needed to fill in the texts, up to so many on a level."""
    shelf: dict[Reference, Snippet] = {}
    wanted = references.found_in(texts)
    for _ in range(MAX_NESTING):
        unknown = [reference for reference in wanted if reference not in shelf][:most]
        if not unknown:
            break
        found = _read(project_id, unknown)
        shelf |= {reference: found.get(reference) or _missing(reference) for reference in unknown}
        wanted = references.found_in(shelf[reference].text for reference in unknown)
    return shelf


def compose(content: PromptContent, *, shelf: Shelf, name: str = "", version: int = 0) -> Composed:
    """Return the content with snippets from the shelf filled in."""
    if not shelf:
        return Composed(content)
    composer = _composing(content, shelf, name, version)
    described = {variable.name: variable for variable in (*composer.variables(), *content.variables)}
    filled = replace(composer.content, variables=tuple(described.values())).settled()
    own = set(variables_in(content.texts))
    return Composed(
        content=filled, uses=tuple(composer.uses), problems=(*composer.impossible, *composer.problems),
        has_gaps=composer.has_gaps,
        sources={name: source for name, source in composer.sources().items() if name not in own},
    )  # fmt: skip


def _composing(content: PromptContent, shelf: Shelf, name: str, version: int) -> _Composer:
    composer = _Composer(shelf)
    composer.content = _with_texts(content, [composer.filled(text, ((name, version),)) for text in content.texts])
    return composer


def _with_texts(content: PromptContent, texts: list[str]) -> PromptContent:
    if content.type == TEXT:
        return replace(content, text=texts[0])
    left = iter(texts)
    messages = tuple(
        replace(message, content=next(left)) if isinstance(message, Message) else message
        for message in content.messages
    )
    return replace(content, messages=messages)


class _Composer:
    """One filling-in: what stands in what, and what went wrong."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._bytes = 0
        self._uses: dict[tuple[Reference, tuple[str, int]], Use] = {}
        self.content = PromptContent(type=TEXT)
        self.problems: dict[str, None] = {}
        self.impossible: dict[str, None] = {}
        self.has_gaps = False

    @property
    def uses(self) -> list[Use]:
        return list(self._uses.values())

    def variables(self) -> list[Variable]:
        """Return the blanks of the snippets; the first snippet that describes one is heard."""
        return [variable for use in reversed(self.uses) for variable in use.snippet.variables]

    def sources(self) -> dict[str, str]:
        """Return from which snippet each blank comes."""
        return {name: use.reference.name for use in reversed(self.uses) for name in variables_in([use.text])}

    def filled(self, text: str, inside: tuple[tuple[str, int], ...]) -> str:
        """Return the text with every tag replaced; what a snippet says is never read as part of a tag around it."""
        if "@@@" not in text:
            return text
        return TAG.sub(lambda match: self._counted(match[0], self._replacement(match, inside)), text)

    def _replacement(self, match: re.Match[str], inside: tuple[tuple[str, int], ...]) -> str:
        reference = references.parse(match[1])
        if reference is None:
            return match[0]
        if reference.name in [name for name, _ in inside]:
            way = " → ".join(f"«{name}»" for name in (*[name for name, _ in inside if name], reference.name))
            return self._gap(reference, f"Snippet «{reference.name}» stands inside itself: {way}.", is_hopeless=True)
        if len(inside) > MAX_NESTING:
            why = f"Snippets stand inside each other more than {MAX_NESTING} levels deep, down to «{reference.name}»."
            return self._gap(reference, why, is_hopeless=True)
        if self._bytes > MAX_OUTPUT_BYTES:
            return self._gap(reference, "With its snippets the prompt is larger than 4 MiB. Shorten one of them.")
        snippet = self._shelf.get(reference) or Snippet(
            why_not=f"The prompt holds more than {MAX_ON_A_LEVEL} different snippets. Take some of them out."
        )
        if snippet.why_not:
            return self._gap(reference, snippet.why_not)
        if snippet.is_deleted:
            # Its text is still there, and no application should lose it because of a tidy-up.
            self.problems[f"Snippet «{reference.name}» was deleted. Bring it back, or take it out of the text."] = None
        self._uses.setdefault((reference, inside[-1]), Use(reference, snippet, inside[-1]))
        return self.filled(snippet.text, (*inside, (reference.name, snippet.version)))

    def _gap(self, reference: Reference, why: str, *, is_hopeless: bool = False) -> str:
        (self.impossible if is_hopeless else self.problems)[why] = None
        self.has_gaps = True
        return f"[The snippet «{reference.name}» is missing here.]"

    def _counted(self, tag: str, text: str) -> str:
        # The tag counts as well: thousands of tags for a snippet of one letter are work too.
        self._bytes += len(tag) + utf8_length(text)
        return text


_QUERY = """
    SELECT wanted.name, wanted.label, wanted.version, p.id, p.type, p.deleted_at IS NOT NULL, v.number, v.text,
           v.variables::text
      FROM unnest(%s::text[], %s::text[], %s::integer[]) AS wanted (name, label, version)
      JOIN prompt p ON p.project_id = %s AND p.name = wanted.name
      LEFT JOIN prompt_label l ON l.prompt_id = p.id AND l.name = wanted.label
      LEFT JOIN prompt_version v ON v.prompt_id = p.id
           AND CASE WHEN wanted.version > 0 THEN v.number = wanted.version
                    WHEN wanted.label = 'latest'
                    THEN v.number = (SELECT max(number) FROM prompt_version WHERE prompt_id = p.id)
                    ELSE v.id = l.version_id END
"""


def _read(project_id: int, wanted: list[Reference]) -> dict[Reference, Snippet]:
    columns = zip(*((reference.name, reference.label, reference.version) for reference in wanted), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, [*map(list, columns), project_id])
        return {Reference(*row[:3]): _snippet(Reference(*row[:3]), *row[3:]) for row in cursor.fetchall()}


def _snippet(
    reference: Reference, prompt_id: int, type: str, is_deleted: bool, number: int | None, text: str | None,
    variables: str | None,
) -> Snippet:  # fmt: skip
    if type != TEXT:
        return Snippet(prompt_id, why_not=f"Snippet «{reference.name}» is a chat; only text prompts can be snippets.")
    if number is None:
        return Snippet(prompt_id, why_not=_why_no_version(reference))
    described, _ = contents.read_variables(json.loads(variables or "[]"))
    return Snippet(prompt_id, number, text or "", tuple(described), is_deleted=is_deleted)


def _why_no_version(reference: Reference) -> str:
    if reference.version:
        return f"Snippet «{reference.name}» has no version {reference.version}. Insert it again."
    if reference.label == "latest":
        return f"Snippet «{reference.name}» has no version yet. Write and save it first."
    return f"Snippet «{reference.name}» is not published in {reference.label}. Publish it there first."


def _missing(reference: Reference) -> Snippet:
    return Snippet(why_not=f"Snippet «{reference.name}» does not exist. Make it, or take it out of the text.")

"""What can go wrong with prompts, in words for the person who reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prompt_registry.models import ChangeRequest, Draft, PromptVersion


class PromptRegistryError(Exception):
    """This prompt does not allow that."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class NameNotUsable(PromptRegistryError):
    """This name cannot be used for a prompt."""


class NameTaken(PromptRegistryError):
    """Another prompt of this project has this name already. Choose another name."""


class NameInUse(PromptRegistryError):
    """Applications fetch this prompt by its name, so the name stays. Make a copy under the new name instead."""


class SnippetInUse(PromptRegistryError):
    """This prompt stands as a snippet in prompts that are live. Take it out there first."""


class TagNotUsable(PromptRegistryError):
    """A prompt may have up to 20 tags of 1 to 60 characters each."""


class TypeFixed(PromptRegistryError):
    """A prompt stays what it was made as: a text or a chat. Make a new prompt for the other type."""


class PromptArchived(PromptRegistryError):
    """This prompt is in the archive. Bring it back before you change it."""


class PromptDeleted(PromptRegistryError):
    """This prompt was deleted. Somebody can bring it back under Prompts → Archive."""


class AlreadyInProject(PromptRegistryError):
    """The prompt is in this project already. Choose another one."""


class MovedAlready(PromptRegistryError):
    """This prompt was moved before. Go on with it where it is now."""


class NothingToMove(PromptRegistryError):
    """No version of this prompt was saved yet, so there is nothing to move. Save one first."""


class NotAllowed(PromptRegistryError):
    """Your role in this project does not allow this."""


class NoteTooLong(PromptRegistryError):
    """The note is longer than 500 characters. Shorten it; your text is kept."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a prompt from being saved, the field it is about, and for JSON the way to the place in it."""

    field: str
    sentence: str
    path: tuple[str | int, ...] = ()


class ContentNotUsable(PromptRegistryError):
    """This prompt cannot be saved like this."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.sentence for problem in problems) or None)
        self.problems = tuple(problems)


class VersionUnknown(PromptRegistryError):
    """This prompt has no such version."""


class NoChanges(PromptRegistryError):
    """Nothing differs from the newest version, so there is nothing to save."""

    def __init__(self, *, version: PromptVersion) -> None:
        super().__init__(f"Nothing differs from v{version.number}, so there is nothing to save.")
        self.version = version


class ChangedMeanwhile(PromptRegistryError):
    """Somebody saved a newer version while you were writing. Your text is kept; compare the two and choose."""

    def __init__(self, *, newer: PromptVersion) -> None:
        super().__init__()
        self.newer = newer


class DraftChangedElsewhere(PromptRegistryError):
    """You changed this prompt in another window as well. Both texts are kept; compare them and choose."""

    def __init__(self, *, draft: Draft | None) -> None:
        super().__init__()
        self.draft = draft


class DraftTooLarge(PromptRegistryError):
    """This text is too large to be kept as a draft: it has more than 1 MiB. Shorten it."""


class LabelNotUsable(PromptRegistryError):
    """A label is 1 to 36 characters: small letters, digits, dots, dashes, underscores, and at least one letter."""


class LabelReserved(PromptRegistryError):
    """«latest» always points to the newest version by itself and cannot be set."""


class AlreadyThere(PromptRegistryError):
    """This version is live there already."""


class PublishedMeanwhile(PromptRegistryError):
    """Somebody published or undid a version while you were looking. Look at the page again and decide anew."""

    def __init__(self, *, current: PromptVersion | None) -> None:
        super().__init__()
        self.current = current


class StoppedByChecks(PromptRegistryError):
    """This version cannot go live like this."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(" ".join(sentences) or None)
        self.sentences = tuple(sentences)


class LabelProtected(NotAllowed):
    """This place is protected: a version goes live there only when an approver or an admin publishes it."""


class ApprovalMissing(PromptRegistryError):
    """This version needs the approval of a second person before it goes live there. Ask for it first."""


class LabelNotProtected(PromptRegistryError):
    """Nobody has to approve what goes live there. Publish it without asking."""


class TooManyProtected(PromptRegistryError):
    """A project can protect up to 20 places."""


class ReviewerNotUsable(PromptRegistryError):
    """This person cannot approve it: ask somebody with the role Approver or Admin who did not write it."""


class AlreadyAsked(PromptRegistryError):
    """Somebody asked for the approval of this version already."""

    def __init__(self, *, request: ChangeRequest) -> None:
        super().__init__()
        self.request = request


class OwnChange(PromptRegistryError):
    """A second person must approve this: you wrote it, or you asked for the approval."""


class OtherContent(PromptRegistryError):
    """This is not the text that you looked at. Look at the page again and decide anew."""


class RequestClosed(PromptRegistryError):
    """This request is no longer open: somebody withdrew it, replaced it or published the version."""


class NoteMissing(PromptRegistryError):
    """Say what should change, so that the author knows what to do."""


class MomentNotUsable(PromptRegistryError):
    """Choose a moment between one minute and one year from now."""


class AlreadyScheduled(PromptRegistryError):
    """A publish is planned there already. Cancel that first."""


class ScheduleClosed(PromptRegistryError):
    """This is no longer planned: it was cancelled, or its moment came."""


class NothingToUndo(PromptRegistryError):
    """There is no earlier version to come back to."""


class RenderingError(PromptRegistryError):
    """The prompt could not be filled in."""


class TemplateTooLarge(RenderingError):
    """The prompt is larger than 256 KiB. Shorten it or split it into two prompts."""


class TooManyVariables(RenderingError):
    """The prompt has more than 10,000 different blanks."""


class OutputTooLarge(RenderingError):
    """The prompt grew beyond 4 MiB when its blanks were filled in."""


class FileNotReadable(PromptRegistryError):
    """This file is not a prompt that Callboard can read."""


class ImportRefused(PromptRegistryError):
    """Nothing in this file could be read as a prompt."""


class ImportGone(PromptRegistryError):
    """This import is over, or somebody began another one. Upload the file again."""


class RolloutRunning(PromptRegistryError):
    """A rollout of this prompt is under way behind this label. Finish it or roll it back first; both are on its page."""


class RolloutOver(PromptRegistryError):
    """This rollout is over."""


class RolloutChangedMeanwhile(PromptRegistryError):
    """The rollout has moved on since you looked at it. Look at it again before you decide."""


class RolloutCoolingDown(PromptRegistryError):
    """A rollout of this prompt was rolled back less than an hour ago. Wait, or say in the note why not to."""


class RolloutTriedBefore(PromptRegistryError):
    """This very version was taken back before. Start another version, or say in the note why; what was found goes on counting."""


class RolloutProvenWorse(PromptRegistryError):
    """The rule took this very version back, and what it found stands: it would be taken back again at once. Change the version first."""


class UntestedVersion(PromptRegistryError):
    """The plan asks for a test that this version has passed against what is live. Run one first, or take the wish out of the plan."""


class NothingLive(PromptRegistryError):
    """Nothing is live behind this label yet, so there is nothing to compare with. Publish it instead."""


class ReasonMissing(PromptRegistryError):
    """Say in a few words why: this goes against what the numbers say by themselves, and is kept."""

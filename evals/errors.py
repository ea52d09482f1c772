"""What experiments, evaluators and datasets refuse, in words for the person who asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evals.models import DatasetItem


class EvalsError(Exception):
    """Base of all refusals of this package; the text of the exception is shown to people."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence or " ".join((self.__doc__ or "").split()))


class EvaluatorRefused(EvalsError):
    """The evaluator cannot work like this."""


class EvaluatorNameNotUsable(EvalsError):
    """This name cannot be used for a check."""


class EvaluatorNameTaken(EvalsError):
    """Another check of this project has this name already. Choose another name."""


class EvaluatorDescriptionTooLong(EvalsError):
    """The description is longer than 500 characters. Shorten it."""


class EvaluatorArchived(EvalsError):
    """This check is in the archive. Bring it back before you change it."""


class CannotJudge(EvalsError):
    """This answer cannot be judged: something is missing. That is an error, never a score."""


class JudgeUnreachable(EvalsError):
    """The provider that should judge is no longer connected. Choose another one, or ask an admin to connect it again."""


class SecondOpinionRefused(EvalsError):
    """A model cannot be asked about this detector like this."""


class OnlineEvaluationNotUsable(EvalsError):
    """This check cannot watch live calls like this."""


class DatasetNameNotUsable(EvalsError):
    """This name cannot be used for a dataset."""


class DatasetNameTaken(EvalsError):
    """Another dataset of this project has this name already. Choose another name."""


class DescriptionTooLong(EvalsError):
    """The description is longer than 500 characters. Shorten it."""


class DatasetArchived(EvalsError):
    """This dataset is in the archive. Bring it back before you change it."""


class DatasetFull(EvalsError):
    """A dataset holds up to 200,000 items. Nothing was added; put the rest into another dataset."""


class RevisionUnknown(EvalsError):
    """This dataset has no such revision."""


class ItemNotUsable(EvalsError):
    """This item cannot be stored like this."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


class ItemUnknown(EvalsError):
    """This dataset has no such item."""


class ItemRemoved(EvalsError):
    """This item was removed from the dataset. Bring it back before you change it."""


class ItemChangedMeanwhile(EvalsError):
    """Somebody changed this item since you opened it. Nothing was overwritten."""

    def __init__(self, *, newer: DatasetItem) -> None:
        super().__init__()
        self.newer = newer


class ItemTwice(EvalsError):
    """The dataset holds this item already."""

    def __init__(self, *, twin: DatasetItem) -> None:
        super().__init__(f"Item {twin.number} of this dataset says the same already. Nothing was stored twice.")
        self.twin = twin


class FileNotUsable(EvalsError):
    """This file cannot be read. Save it as CSV or JSON lines in UTF-8 and try again."""


class FileTooLarge(EvalsError):
    """The file is larger than 50 MiB. Split it and import the parts one after the other."""


class ImportNotWaiting(EvalsError):
    """This import was confirmed or ended already."""


class RequestDiffers(EvalsError):
    """Another request was sent with this Idempotency-Key before. Use a new key for a new request."""


class DatasetEmpty(EvalsError):
    """There is nothing to answer: the dataset has no items, or none in this part. Add some first."""


class VariantsMissing(EvalsError):
    """An experiment needs one to six variants. Choose what is to be compared."""


class EvaluatorsMissing(EvalsError):
    """Without an evaluator nobody knows which answers are good. Choose at least one."""


class RepetitionsNotUsable(EvalsError):
    """An item can be answered once to ten times by each variant."""


class ExperimentTooLarge(EvalsError):
    """These would be more than 50,000 answers. Take fewer items, variants or repetitions."""


class CapMissing(EvalsError):
    """Say how much this experiment may cost at most. It stops before it costs more."""


class CapTooLow(EvalsError):
    """The new limit must be higher than the one before."""


class LimitIsOfSearch(EvalsError):
    """This test is a step of a search for a fix, which holds the limit. Stop the search, and start one with a higher limit."""


class BlanksNeverFilled(EvalsError):
    """Some blanks of the prompt are not filled by any item of the dataset."""

    def __init__(self, names: Sequence[str]) -> None:
        which = ", ".join(f"«{name}»" for name in names[:8])
        super().__init__(f"No item of this dataset fills {which}. Choose another dataset, or name the blanks alike.")
        self.names = tuple(names)


class ProviderNotConnected(EvalsError):
    """One of the providers is no longer connected. Choose another one, or ask an admin to connect it again."""


class ExperimentOver(EvalsError):
    """This experiment is over. Start a new one."""


class ExperimentNotPaused(EvalsError):
    """This experiment is not paused."""


class ExperimentNotRunning(EvalsError):
    """This experiment is not running."""


class ExperimentNotOver(EvalsError):
    """This experiment is not over yet. Stop it first."""


class NothingToRetry(EvalsError):
    """Nothing failed in this experiment that could be tried again."""


class RunsHere(EvalsError):
    """This experiment is answered by Callboard's workers, so it takes no results from outside."""


class LabelsNotUsable(EvalsError):
    """The columns need one to six different labels of at most 60 characters."""


class ResultsNotUsable(EvalsError):
    """Some of these results cannot be stored, so none was."""

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        super().__init__()
        self.problems = tuple(problems)


class NameOfServerEvaluator(EvalsError):
    """A check on the server has this name. Give the function in your code another one, or name the server's check."""

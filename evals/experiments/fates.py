"""What becomes of a cell whose call failed: tried again later, or ended with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from evals.experiments.cells import MAX_ATTEMPTS
from prompt_registry.providers import errors
from prompt_registry.providers.errors import ProviderError
from prompt_registry.providers.single_calls import MustWait

_BASE_SECONDS = 1.0
_CAP_SECONDS = 60.0
# A provider may ask for more than others would wait.
_MOST_SECONDS = 900.0
_PAUSE_SECONDS = 4.0

# Whatever is asked next, the answer will be the same: nobody asks for a while.
HOPELESS = (
    errors.KeyMissing, errors.KeyRefused, errors.QuotaUsedUp, errors.ModelUnknown, errors.PathUnknown,
    errors.AddressRefused, errors.RedirectRefused,
)  # fmt: skip


class OutOfMoney(ProviderError):
    """There is no money set aside for this call yet. It waits for others to end."""


@dataclass(frozen=True, slots=True)
class Fate:
    """Whether the cell is tried again, after how long, and whether this time counts as a try."""

    is_tried_again: bool
    wait_seconds: float = 0.0
    is_counted: bool = True


END = Fate(is_tried_again=False)


def fate_of(error: Exception, *, attempts: int, roll: float) -> Fate:
    """Return what to do after a failure; `roll` is random in [0, 1)."""
    match error:
        case MustWait() | OutOfMoney():
            return Fate(True, (error.retry_after_seconds or 0.5) + roll, is_counted=False)
        case errors.ProviderPaused():
            return Fate(True, 1.0 + roll * _PAUSE_SECONDS, is_counted=False)
        case ProviderError(is_retryable=True) if attempts < MAX_ATTEMPTS:
            return Fate(True, _wait(error.retry_after_seconds, attempts, roll))
        case _:
            return END


def _wait(retry_after: float | None, attempts: int, roll: float) -> float:
    # Full jitter: many cells that failed together do not come back together.
    jitter = roll * min(_CAP_SECONDS, _BASE_SECONDS * float(2**attempts))
    if not retry_after:
        return jitter
    return min(retry_after, _MOST_SECONDS) + min(jitter, 1.0)

"""Every error this package can hand out; the docstring of a class is its default message."""


class CallboardError(Exception):
    """Callboard could not do what was asked."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class Unreachable(CallboardError):
    """The Callboard server did not answer."""


class RenderingError(CallboardError):
    """The prompt could not be filled in."""


class TemplateTooLarge(RenderingError):
    """The prompt is larger than 256 KiB."""


class TooManyVariables(RenderingError):
    """The prompt names more than 10,000 different variables."""


class OutputTooLarge(RenderingError):
    """The prompt grew beyond 4 MiB when its variables were filled in."""


class PromptError(CallboardError):
    """The prompt is not available."""


class PromptNotFound(PromptError):
    """This project has no prompt with that name and label or version."""


class PromptDeleted(PromptError):
    """The prompt was deleted in Callboard, and the last known copy is too old to go on using."""


class PromptAccessRefused(PromptError):
    """Callboard refused the API key; it needs the scope prompts:read."""


class PromptUnavailable(PromptError):
    """Callboard could not be reached, and no copy of the prompt is stored here."""


class PromptTypeMismatch(PromptError):
    """The prompt is not of the type the application asked for."""


class MissingVariables(PromptError):
    """The prompt names variables that were not given."""


class WebhookNotVerified(CallboardError):
    """This request is not a webhook of your Callboard, or it is too old."""

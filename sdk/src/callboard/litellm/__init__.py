"""LiteLLM with every call recorded: `litellm.callbacks = [CallboardLogger()]`, in an application or in the proxy."""

try:
    from callboard.litellm.logger import CallboardLogger
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "litellm":
        raise
    raise ImportError("callboard.litellm needs LiteLLM; install it with `pip install litellm`.") from None

__all__ = ["CallboardLogger"]

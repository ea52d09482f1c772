"""The openai library with every call recorded: change `from openai import OpenAI` to `from callboard.openai import OpenAI`.

Everything else in the openai package can be imported from here as well. Calls take one more argument,
`callboard_prompt=`, the prompt they run on; it and every other `callboard_…` argument never reach the provider.
"""

from typing import TYPE_CHECKING, Any

import openai

from callboard.openai.clients import recorded_class, wrap_openai

__all__ = ["AsyncAzureOpenAI", "AsyncOpenAI", "AzureOpenAI", "OpenAI", "wrap_openai"]

if TYPE_CHECKING:

    class OpenAI(openai.OpenAI):
        """The synchronous client, with every call recorded."""

    class AsyncOpenAI(openai.AsyncOpenAI):
        """The asynchronous client, with every call recorded."""

    class AzureOpenAI(openai.AzureOpenAI):
        """The synchronous Azure client, with every call recorded."""

    class AsyncAzureOpenAI(openai.AsyncAzureOpenAI):
        """The asynchronous Azure client, with every call recorded."""

else:
    OpenAI = recorded_class(openai.OpenAI)
    AsyncOpenAI = recorded_class(openai.AsyncOpenAI)
    AzureOpenAI = recorded_class(openai.AzureOpenAI)
    AsyncAzureOpenAI = recorded_class(openai.AsyncAzureOpenAI)


def __getattr__(name: str) -> Any:
    return getattr(openai, name)

"""LangChain and LangGraph with every run recorded: `chain.invoke(…, config={"callbacks": [CallbackHandler()]})`."""

try:
    from callboard.langchain.handler import CallbackHandler
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "langchain_core":
        raise
    raise ImportError("callboard.langchain needs LangChain; install it with `pip install langchain-core`.") from None

__all__ = ["CallbackHandler"]

"""Calls of language models: the outbound guard, the client of OpenAI-compatible providers, the simulated provider."""

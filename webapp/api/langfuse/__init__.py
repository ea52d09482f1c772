"""The routes that an unmodified Langfuse SDK calls, so that it works here by changing its address and keys."""

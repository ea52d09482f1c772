export LANGFUSE_BASE_URL={{ url }}
export LANGFUSE_HOST={{ url }}
export LANGFUSE_PUBLIC_KEY={{ public_key }}
export LANGFUSE_SECRET_KEY={{ key }}

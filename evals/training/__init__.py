"""Training data from recorded calls: chats with the wanted answer, and pairs of a better and a worse one."""

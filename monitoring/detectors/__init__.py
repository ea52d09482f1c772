"""What may be wrong with a call, found by rules and small models: pure functions over texts, without any key or service."""

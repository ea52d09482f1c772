"""The demo project: prompts of a believable shop, two weeks of made-up traffic, and a small application that keeps it alive."""

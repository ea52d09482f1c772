"""Calls that go to a folder or an object store by themselves, every day or hour; a run is a row, its parts are objects."""

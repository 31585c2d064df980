"""One home as the source of the screens (`HomeSource`), a module for each thing that is asked of it."""

from app.tui.home.source import HomeSource, search_pattern

__all__ = ["HomeSource", "search_pattern"]

"""The one exception that the engine raises for what a user can mend.
Its text is a single plain sentence, ready to be printed."""


class EngineError(Exception):
    """A render could not be done; the message says what was wrong and where, in one line."""

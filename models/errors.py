"""Errors that networks raise for their inputs."""


class SequenceError(ValueError):
    """A sequence that a network cannot process; the message gives reason and remedy in one line."""

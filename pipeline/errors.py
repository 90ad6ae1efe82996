"""Errors that a user can act on: one line with problem, place, value and remedy."""


class PipelineError(Exception):
    """Base of errors that the command line prints as one line, without a traceback."""


class ConfigError(PipelineError):
    """A parameter is missing, unknown, ill-typed, out of range, or contradicts another."""


class DataError(PipelineError):
    """Raw or encoded data is missing, damaged, or does not match its description."""


class CheckpointError(PipelineError):
    """A saved model or training state cannot be read or belongs to another run."""

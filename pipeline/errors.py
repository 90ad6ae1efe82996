"""The errors that a user can act on: one line that says what, where, the value, and the remedy."""


class PipelineError(Exception):
    """Base of the errors that the command line prints as one line, without a traceback."""


class ConfigError(PipelineError):
    """A parameter is missing, unknown, ill-typed, out of range, or contradicts another one."""


class DataError(PipelineError):
    """Raw or encoded data is missing, damaged, or not what its description says."""


class CheckpointError(PipelineError):
    """A saved model or training state cannot be read or does not belong to this run."""

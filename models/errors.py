"""What a network says of data that do not fit it."""


class SequenceError(ValueError):
    """A sequence that a network cannot read: why and the remedy, in one line."""

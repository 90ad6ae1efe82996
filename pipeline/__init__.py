"""Stages of the pipeline and their shared code; importing has no side effects."""

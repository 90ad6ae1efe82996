"""The stages and what they share; `python -m pipeline` runs them. Importing it changes nothing."""

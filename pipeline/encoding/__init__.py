"""What the encode stages of all tasks share: nothing here knows what a record is."""

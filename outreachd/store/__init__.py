"""The room that remembers: the only SQL, one Python function for each statement."""

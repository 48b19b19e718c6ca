"""The room that listens: the private control listener and the public one."""

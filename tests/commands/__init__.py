"""The laws of the verbs."""

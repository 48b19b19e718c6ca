"""The laws of the fleet file."""

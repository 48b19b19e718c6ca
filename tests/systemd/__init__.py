"""Tests of systemd."""

"""Tests: the laws outreachd keeps, one folder for each room."""

"""Rooms that decide: no await, clock, dice, log or I/O. Told ``now``, told the dice."""

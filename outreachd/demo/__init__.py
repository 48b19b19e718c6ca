"""The demonstration: a whole fleet's working day in seconds, judged from outside.

The SMTP server (`sink`, a process of its own) writes down what it accepted before it
answers; the `referee` reads only that log and the limits, and shares no state with
the daemon it judges.
"""

"""One asyncio daemon that sends honest outreach mail for a fleet of mailboxes.

Start reading at ``flow/journey.py``: one send, start to finish, on one screen. The
rooms: ``rules`` decide, ``store`` remembers, ``wire`` speaks, ``web`` listens, ``flow``
moves; ``daemon.py`` builds and wires them, ``commands`` are the verbs of the command
line.
"""

__version__ = "0.1.0"

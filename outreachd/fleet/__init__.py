"""The fleet file: who sends, for whom, by which way, as people write it.

``load(path)`` reads ``fleet.toml`` and the CSV of mailboxes it names, and returns the
wanted ``Fleet``, or raises ConfigError with every mistake and its line. Start reading
at ``load.py``; ``sender_tables.py`` and ``campaign_tables.py`` hold each key with
its default and bounds.
"""

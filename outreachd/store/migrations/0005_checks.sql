-- What was found out about sending domains, and the keys that sign for them.

-- Where each check of a domain stands: one row each, replaced at every look. `known` is
-- the last finding that was not "unknown", `since` its beginning as good or as bad.
CREATE TABLE domain_check (
    domain_id  integer NOT NULL REFERENCES domain,
    check_name text NOT NULL CHECK (check_name IN (
                   'spf', 'dkim', 'dmarc', 'mx', 'ptr', 'helo', 'blocklist')),
    finding    text NOT NULL CHECK (finding IN ('ok', 'missing', 'wrong', 'unknown')),
    known      text CHECK (known IN ('ok', 'missing', 'wrong')),
    detail     text NOT NULL,
    since      timestamptz NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (domain_id, check_name),
    -- What is known now is what was known last.
    CHECK (finding = 'unknown' OR finding IS NOT DISTINCT FROM known)
);

-- Whether a domain's mail is stopped by its checks: true while our pause should be there.
-- Where it is true and the pause is gone, a person has resumed the domain.
CREATE TABLE domain_stop (
    domain_id integer PRIMARY KEY REFERENCES domain,
    at        timestamptz NOT NULL
);

-- A key that signs; its private half is a row of `secret`. A selector names one key.
CREATE TABLE dkim_key (
    id         integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    domain_id  integer NOT NULL REFERENCES domain,
    selector   text NOT NULL CHECK (selector <> ''),
    kind       text NOT NULL CHECK (kind IN ('rsa', 'ed25519')),
    public     bytea NOT NULL,   -- what p= holds
    made_at    timestamptz NOT NULL,
    UNIQUE (domain_id, selector)
);

-- What comes back: mails that were read, and what was made of them.

CREATE TABLE notice (
    id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    -- Of what it says and of its name: the same mail read twice is one row.
    fingerprint bytea NOT NULL UNIQUE,
    at          timestamptz NOT NULL,   -- when it was read
    source      text NOT NULL,          -- imap, pipe, maildir
    kind        text NOT NULL CHECK (kind IN (
                    'dsn', 'arf', 'autoreply', 'reply', 'unsubscribe', 'other')),
    detail      text NOT NULL DEFAULT '',   -- its kind within the kind
    class       text NOT NULL DEFAULT '',   -- hard_no_user, complaint, ...
    status      text,
    diagnostic  text CHECK (length(diagnostic) <= 512),
    return_date date,
    -- The letter it is about; null = of nobody's we know.
    send_id     bigint,
    contact_id  bigint,
    campaign_id integer,
    mailbox_id  integer,
    domain_id   integer,
    account_id  integer,
    -- How sure that is: by a token of ours, a Message-ID of ours, or recipient and time.
    evidence    text NOT NULL CHECK (evidence IN ('token', 'message_id', 'weak', 'none')),
    action      text NOT NULL DEFAULT '',   -- what was done, in a word
    acted_at    timestamptz,                -- null = begun, and to be done again
    tallied     boolean NOT NULL DEFAULT false   -- in `tally`, if it counts at all
);
CREATE INDEX notice_at ON notice USING brin (at);
CREATE INDEX notice_of_nobody ON notice (at) WHERE send_id IS NULL;
CREATE INDEX notice_send ON notice (send_id) WHERE send_id IS NOT NULL;
CREATE INDEX notice_contact ON notice (contact_id) WHERE contact_id IS NOT NULL;

-- A mail that comes back names our letter by its Message-ID.
CREATE INDEX send_message ON send USING hash (message_id) WHERE message_id IS NOT NULL;

-- Figures and health ask for the letters of a time; attempts come in its order.
CREATE INDEX attempt_time ON attempt USING brin (started_at);

-- A sender that a receiver told to come back later, or not at all for now.
CREATE TABLE shaping (
    kind      text NOT NULL CHECK (kind IN ('account', 'domain')),
    target_id integer NOT NULL,
    receiver  text NOT NULL,       -- who runs the recipients' mail: google, or a domain
    until     timestamptz NOT NULL,
    rounds    integer NOT NULL CHECK (rounds > 0),
    reason    text NOT NULL,
    PRIMARY KEY (kind, target_id, receiver)
);

-- Mailboxes that only receive: bounces, and answers to a common address.
CREATE TABLE inbox (
    id       integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name     text NOT NULL UNIQUE,
    imap     jsonb NOT NULL,    -- {"host", "port", "tls", "folders"}
    username text NOT NULL,
    auth     text NOT NULL CHECK (auth IN ('password', 'xoauth2')),
    retired  boolean NOT NULL DEFAULT false
);

-- How far each folder was read. What is behind a bookmark was acted on and is stored.
CREATE TABLE bookmark (
    kind      text NOT NULL CHECK (kind IN ('mailbox', 'inbox')),
    target_id integer NOT NULL,
    folder    text NOT NULL,
    validity  bigint NOT NULL,  -- UIDVALIDITY: with another one all UIDs are void
    uid       bigint NOT NULL,
    PRIMARY KEY (kind, target_id, folder)
);

-- When each mailbox was read last, and what is in the way if it is not.
CREATE TABLE reading (
    kind      text NOT NULL CHECK (kind IN ('mailbox', 'inbox')),
    target_id integer NOT NULL,
    heard_at  timestamptz,      -- null = never
    deaf_at   timestamptz NOT NULL,   -- from when on it counts as not heard
    fault     text NOT NULL DEFAULT '',
    PRIMARY KEY (kind, target_id)
);

-- Mails that were handed in by pipe and wait for the daemon that acts on them.
CREATE TABLE handed_in (
    id  bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at  timestamptz NOT NULL,
    raw bytea NOT NULL
);

-- --- health ---

CREATE INDEX notice_untallied ON notice (id) WHERE NOT tallied;
-- Refusals before an intent have no attempt.
CREATE INDEX send_failed ON send (changed_at) WHERE state = 'failed';

-- What a word of a reply or a bounce counts as against who sent the letter.
CREATE FUNCTION event_of(reason text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN reason LIKE 'hard\_%' THEN 'hard'
        WHEN reason LIKE 'block\_%' OR reason IN
            ('auth_dmarc', 'content_spam', 'content_virus', 'policy_other', 'rate_limit')
            THEN 'block'
        WHEN reason = 'complaint' THEN 'complaint'
        ELSE 'soft' END
$$;

-- Letters by the quarter of an hour they were sent in, and what came back for them: of
-- replies (written anew while they may change), of refusals before DATA, which leave no
-- attempt (added), and of notices (added, each once).
CREATE TABLE tally (
    quarter    timestamptz NOT NULL,    -- its beginning
    mailbox_id integer NOT NULL,
    account_id integer NOT NULL,
    client_id  integer NOT NULL,
    receiver   text NOT NULL,           -- who runs the recipients' mail, or their domain
    source     text NOT NULL CHECK (source IN ('reply', 'refusal', 'notice')),
    sent       integer NOT NULL DEFAULT 0,
    hard       integer NOT NULL DEFAULT 0,
    block      integer NOT NULL DEFAULT 0,
    soft       integer NOT NULL DEFAULT 0,
    complaint  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (quarter, mailbox_id, account_id, client_id, receiver, source)
);

-- How far attempts have been counted.
CREATE TABLE tally_mark (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    at      timestamptz NOT NULL DEFAULT '1970-01-01Z'
);
INSERT INTO tally_mark DEFAULT VALUES;

-- When a receiver failed everybody: its answers count against nobody.
CREATE TABLE outage (
    quarter  timestamptz NOT NULL,
    receiver text NOT NULL,
    PRIMARY KEY (quarter, receiver)
);

-- How each stands: rules/recovery. No row = well, and always was.
CREATE TABLE health (
    kind        text NOT NULL CHECK (kind IN ('client', 'account', 'domain', 'mailbox')),
    target_id   integer NOT NULL,
    state       text NOT NULL CHECK (state IN ('well', 'tired', 'resting', 'retired')),
    since       timestamptz NOT NULL,
    until       timestamptz,             -- the end of a rest
    stage       smallint NOT NULL,       -- of coming back, 0 = not
    relapses    smallint NOT NULL,
    fell_at     timestamptz,             -- the newest rest's beginning
    rule        text NOT NULL,
    fresh_since timestamptz,             -- older letters count no more
    PRIMARY KEY (kind, target_id)
);

-- Every change of it, and what rules would have done that may not. Only ever added to,
-- but for the moment at which a person accepts or undoes it.
CREATE TABLE health_decision (
    id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL,
    kind        text NOT NULL,
    target_id   integer NOT NULL,
    before      text NOT NULL,
    after       text NOT NULL,
    rule        text NOT NULL,            -- '' = time passed, or a person's word
    mode        text NOT NULL CHECK (mode IN ('observe', 'suggest', 'enforce')),
    figures     jsonb NOT NULL,
    until       timestamptz,
    author      text NOT NULL,
    accepted_at timestamptz,
    undone_at   timestamptz
);
CREATE INDEX health_decision_of ON health_decision (kind, target_id, id);

-- The fleet: who sends, for whom, by which way, and what is paused.
-- Names are unique in their kind, because people and scripts speak in names.
-- Rows that vanish from fleet.toml are retired, never deleted: history points at them.

CREATE TABLE client (
    id             integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name           text NOT NULL UNIQUE,
    share          double precision NOT NULL CHECK (share > 0),
    daily_limit    integer CHECK (daily_limit >= 0),
    postal_address text NOT NULL CHECK (postal_address <> ''),
    contact_url    text,
    timezone       text NOT NULL,
    retired        boolean NOT NULL DEFAULT false
);

CREATE TABLE account (
    id              integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name            text NOT NULL UNIQUE,
    kind            text NOT NULL CHECK (kind IN ('smtp')),
    host            text NOT NULL,
    port            integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    tls             text NOT NULL CHECK (tls IN ('starttls', 'implicit', 'none')),
    username        text,
    auth            text NOT NULL CHECK (auth IN ('password', 'xoauth2')),
    rate_per_second double precision NOT NULL CHECK (rate_per_second > 0),
    daily_limit     integer CHECK (daily_limit >= 0),
    max_connections integer NOT NULL CHECK (max_connections > 0),
    timezone        text NOT NULL,
    imap            jsonb,   -- where its mailboxes are read; null = nowhere
    -- Letters a minute to each receiver: {"google": 60, "others": 100}.
    receiver_rates  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(receiver_rates) = 'object'),
    retired         boolean NOT NULL DEFAULT false
);

CREATE TABLE domain (
    id              integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name            text NOT NULL UNIQUE,
    account_ids     integer[] NOT NULL CHECK (cardinality(account_ids) > 0),
    daily_limit     integer NOT NULL CHECK (daily_limit >= 0),
    rate_per_minute double precision NOT NULL CHECK (rate_per_minute > 0),
    ramp_start      integer,
    ramp_end        integer,
    ramp_days       integer,
    timezone        text NOT NULL,
    -- Where bounces of its letters come to: each gets a signed return address there.
    bounces_at      text,
    dkim            jsonb,   -- as written: {"selector": "o1", "sign": "rsa"}; null = unsigned
    retired         boolean NOT NULL DEFAULT false,
    -- A ramp is all three figures or none.
    CHECK (num_nonnulls(ramp_start, ramp_end, ramp_days) IN (0, 3))
);

CREATE TABLE mailbox (
    id           integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    address      text NOT NULL UNIQUE,
    name         text NOT NULL,
    domain_id    integer NOT NULL REFERENCES domain,
    daily_limit  integer NOT NULL CHECK (daily_limit >= 0),
    hourly_limit integer NOT NULL CHECK (hourly_limit > 0),
    min_gap_s    double precision NOT NULL CHECK (min_gap_s >= 0),
    jitter       double precision NOT NULL CHECK (jitter >= 0),
    workday_start_min integer NOT NULL,
    workday_end_min   integer NOT NULL,
    timezone     text NOT NULL,
    ramp_start   integer,
    ramp_end     integer,
    ramp_days    integer,
    signature    text NOT NULL,
    tags         text[] NOT NULL,
    username     text,
    auth         text NOT NULL CHECK (auth IN ('password', 'xoauth2')),
    imap         jsonb,   -- where it is read; null = where its domain's accounts say
    retired      boolean NOT NULL DEFAULT false,
    CHECK (num_nonnulls(ramp_start, ramp_end, ramp_days) IN (0, 3)),
    CHECK (0 <= workday_start_min AND workday_start_min < workday_end_min
           AND workday_end_min <= 1440)
);

-- Passwords and signing keys (their ids are those of dkim_key), encrypted; the row's kind and id are bound into the ciphertext, so
-- that a ciphertext moved to another row does not open.
CREATE TABLE secret (
    kind       text NOT NULL CHECK (kind IN ('account', 'mailbox', 'inbox', 'dkim')),
    target_id  integer NOT NULL,
    ciphertext bytea NOT NULL,
    PRIMARY KEY (kind, target_id)
);

CREATE TABLE campaign (
    id           integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name         text NOT NULL UNIQUE,
    client_id    integer NOT NULL REFERENCES client,
    direction    text NOT NULL,
    share        double precision NOT NULL CHECK (share > 0),
    pool         jsonb NOT NULL,          -- as written: {"tags": [...]} and so on
    calendar     jsonb NOT NULL,          -- days, hours, timezone, holidays as written
    on_uncertain text NOT NULL CHECK (on_uncertain IN ('hold', 'resend')),
    useful_for_s double precision CHECK (useful_for_s > 0),
    grounds      text[],                  -- of consent that it accepts; null = any stated
    -- The letter that asks for a yes (double opt-in), sent as step 0; null = nobody asks.
    confirmation jsonb,                   -- {"subject", "text", "html"}
    stop_company boolean NOT NULL DEFAULT false,   -- one answer stops all of a company
    -- The least part of a mailbox's letters that are first touches while both wait.
    first_touch_share double precision NOT NULL DEFAULT 0
        CHECK (first_touch_share BETWEEN 0 AND 1),
    -- What becomes of follow-ups whose mailbox has left the fleet.
    mailbox_gone text NOT NULL DEFAULT 'wait'
        CHECK (mailbox_gone IN ('wait', 'stand_in', 'stop')),
    hygiene      jsonb NOT NULL DEFAULT '{}',      -- what becomes of role addresses and so on
    -- No answer for this long after the last letter: put aside by `care`.
    silent_after_s double precision NOT NULL DEFAULT 15811200 CHECK (silent_after_s > 0),
    unplaced     boolean NOT NULL DEFAULT false,   -- letters still lie by an older calendar
    retired      boolean NOT NULL DEFAULT false
);

-- The pool, resolved when the fleet was applied.
CREATE TABLE campaign_mailbox (
    campaign_id integer NOT NULL REFERENCES campaign,
    mailbox_id  integer NOT NULL REFERENCES mailbox,
    PRIMARY KEY (campaign_id, mailbox_id)
);

CREATE TABLE step (
    campaign_id integer NOT NULL REFERENCES campaign,
    number      smallint NOT NULL CHECK (number > 0),
    subject     text,
    body_text   text NOT NULL,
    body_html   text,
    delay       integer NOT NULL CHECK (delay >= 0),
    delay_unit  text NOT NULL CHECK (delay_unit IN ('minutes', 'hours', 'days', 'workdays')),
    PRIMARY KEY (campaign_id, number),
    CHECK (number > 1 OR subject IS NOT NULL)   -- a first touch needs a subject
);

-- Other wordings of a step (A/B), each whole; a step without any has its own only.
CREATE TABLE variant (
    campaign_id integer NOT NULL,
    number      smallint NOT NULL,
    name        text NOT NULL,
    place       smallint NOT NULL,   -- as written; the first is what others are measured by
    weight      double precision NOT NULL CHECK (weight > 0),
    subject     text,
    body_text   text NOT NULL,
    body_html   text,
    PRIMARY KEY (campaign_id, number, name),
    FOREIGN KEY (campaign_id, number) REFERENCES step ON DELETE CASCADE,
    CHECK (number > 1 OR subject IS NOT NULL)
);

-- A stop that a person or a rule ordered. One for each thing; a second replaces it.
CREATE TABLE pause (
    kind       text NOT NULL CHECK (kind IN ('fleet', 'client', 'campaign', 'domain', 'mailbox', 'account')),
    target_id  integer NOT NULL,   -- 0 for the fleet
    reason     text NOT NULL CHECK (reason <> ''),
    until      timestamptz,
    author     text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (kind, target_id)
);

-- What was applied, paused, resumed, released: who, when, what. Only ever added to.
CREATE TABLE audit (
    id     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at     timestamptz NOT NULL,
    author text NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL
);

-- Which database this is, so that a restored copy is not taken for it: rules/identity.
CREATE TABLE identity (
    is_only    boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    epoch      bigint NOT NULL DEFAULT 0,         -- counted while it is used
    cluster    text NOT NULL DEFAULT '',          -- where it was used last
    timeline   bigint NOT NULL DEFAULT 0,
    is_doubted boolean NOT NULL DEFAULT false,    -- taken for a copy until the fleet is resumed
    seen_epoch bigint NOT NULL DEFAULT 0          -- the furthest that a state directory showed
);
INSERT INTO identity DEFAULT VALUES;

-- Where this database is: the system identifier of the server and the oid here, which a
-- restore or another server changes, and the timeline, which a promotion or a recovery
-- raises. What may not be read is '' or 0.
CREATE FUNCTION server_identity(OUT cluster text, OUT timeline bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    cluster := '';
    timeline := 0;
    SELECT c.system_identifier || '/' || d.oid INTO cluster
    FROM pg_control_system() c, pg_database d WHERE d.datname = current_database();
    timeline := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint;
EXCEPTION WHEN OTHERS THEN
    cluster := coalesce(cluster, '');
    timeline := coalesce(timeline, 0);
END $$;

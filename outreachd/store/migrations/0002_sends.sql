-- Contacts, sends and attempts, and the state machine of a send:
--
--   scheduled --claim--> leased --intent--> sending --reply--> sent | failed
--       ^  ^                |                  |  '--temporary--> scheduled (due later)
--       |  '---given back---'                  '--no answer, dead owner--> uncertain
--       '--- released by a person, or resent once by policy --- held <-- uncertain
--
-- Nothing time-based turns `sending` back into `scheduled`: no statement does it.

CREATE TABLE contact (
    id             bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    client_id      integer NOT NULL REFERENCES client,
    email          text NOT NULL,   -- normalised: what the envelope carries
    timezone       text NOT NULL DEFAULT '',
    country        text NOT NULL DEFAULT '',  -- ISO 3166, two letters
    region         text NOT NULL DEFAULT '',
    language       text NOT NULL DEFAULT '',  -- such as de or pt-BR
    marks          text[] NOT NULL DEFAULT '{}',  -- role, disposable, free, smtputf8, no_mx
    variables      jsonb NOT NULL DEFAULT '{}',
    consent_basis  text,
    consent_source text,
    consent_at     timestamptz,
    confirmed_at   timestamptz,     -- said yes to the letter that asked
    UNIQUE (client_id, email)       -- a person is one contact of a client
);

-- The people of one company, whose letters may all end with one answer.
CREATE INDEX contact_company ON contact (client_id, split_part(email, '@', 2));

CREATE TABLE enrolment (
    id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    campaign_id integer NOT NULL REFERENCES campaign,
    contact_id  bigint NOT NULL REFERENCES contact,
    state       text NOT NULL DEFAULT 'active' CHECK (state IN ('unconfirmed', 'active', 'finished', 'stopped')),
    reason      text,
    UNIQUE (campaign_id, contact_id)
);

-- All of a person's: a yes, an erasure, and the key of `contact`, which else looks at each.
CREATE INDEX enrolment_contact ON enrolment (contact_id);

CREATE TABLE send (
    id            bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    campaign_id   integer NOT NULL,
    step_number   integer NOT NULL,   -- of one-off letters it counts on without end
    contact_id    bigint NOT NULL,
    enrolment_id  bigint NOT NULL,
    place         text NOT NULL DEFAULT '',  -- where the recipient is: rules/places
    mailbox_id    integer,                   -- bound by the first intent, or by the first touch
    state         text NOT NULL DEFAULT 'scheduled' CHECK (state IN (
                      'scheduled', 'leased', 'sending', 'sent', 'failed', 'uncertain',
                      'held', 'suppressed', 'expired', 'cancelled')),
    due_at        timestamptz NOT NULL,
    first_due_at  timestamptz NOT NULL,      -- staleness counts from here
    term          bigint,                    -- the lease term that claimed it
    attempts      smallint NOT NULL DEFAULT 0,
    resends       smallint NOT NULL DEFAULT 0,
    attempt_id    uuid,                      -- the newest attempt
    message_id    text,
    dated_at      timestamptz,
    letter_sha256 bytea,
    thread        text,                      -- Message-ID of the first touch
    thread_subject text,
    variant       text,                      -- the wording drawn with the first intent
    -- What happened to the person while the letter was under way, and cannot be undone by
    -- its outcome: no retry and no next step once there is a stop, none before that time.
    stop          text,
    not_before    timestamptz,
    reason        text,                      -- why it waits or ended, one word
    detail        text,                      -- the same for people
    changed_at    timestamptz NOT NULL,
    -- A step is written to a contact once, however often it is imported or started. The
    -- contact stands first, so that this also finds all that is meant for a person.
    UNIQUE (contact_id, campaign_id, step_number),
    -- What is leased or being sent has an owner's term; what was tried has its identity.
    CHECK (state NOT IN ('leased', 'sending') OR term IS NOT NULL),
    CHECK (state NOT IN ('sending', 'sent', 'uncertain')
           OR (attempt_id IS NOT NULL AND message_id IS NOT NULL AND dated_at IS NOT NULL
               AND mailbox_id IS NOT NULL AND letter_sha256 IS NOT NULL)),
    -- What waits for a person says why.
    CHECK (state <> 'held' OR reason IS NOT NULL)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

-- The claim walks these two: first touches by queue, bound rows by lane.
CREATE INDEX send_queue ON send (campaign_id, place, due_at, id)
    WHERE state = 'scheduled' AND mailbox_id IS NULL;
CREATE INDEX send_lane ON send (mailbox_id, due_at, id)
    WHERE state = 'scheduled' AND mailbox_id IS NOT NULL;
-- What a dead owner left behind, and what waits for evidence or a person.
CREATE INDEX send_open ON send (state, changed_at)
    WHERE state IN ('leased', 'sending', 'uncertain', 'held');

-- The first-touch queues that exist: read at start instead of scanning sends.
CREATE TABLE queue (
    campaign_id integer NOT NULL REFERENCES campaign,
    place       text NOT NULL,
    PRIMARY KEY (campaign_id, place)
);

CREATE TABLE attempt (
    id         uuid PRIMARY KEY,
    send_id    bigint NOT NULL,
    mailbox_id integer NOT NULL,
    account_id integer NOT NULL,
    domain_id  integer NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz,
    phase      text,
    code       integer,
    reply      text,
    reason     text,
    outcome    text CHECK (outcome IN ('sent', 'failed', 'uncertain', 'held', 'scheduled'))
) WITH (fillfactor = 70);  -- room for the outcome beside its intent
CREATE INDEX attempt_send ON attempt (send_id);
-- What the newest letters of a mailbox, domain or account were: a restart grants nothing.
CREATE INDEX attempt_mailbox ON attempt (mailbox_id, started_at DESC);

-- Daily use, counted inside the intent statement. The CHECK is the cap: an intent
-- that would exceed it fails whole, whatever the daemon believed.
CREATE TABLE usage (
    kind      text NOT NULL CHECK (kind IN ('client', 'campaign', 'domain', 'mailbox', 'account')),
    target_id integer NOT NULL,
    day       date NOT NULL,     -- a local day of the thing limited
    n         integer NOT NULL,
    cap       integer NOT NULL,
    PRIMARY KEY (kind, target_id, day),
    CONSTRAINT usage_within_cap CHECK (n <= cap)
) WITH (fillfactor = 50);

-- What happened to a person, each thing once, however often and by whomever it is told.
CREATE TABLE event (
    id         bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    contact_id bigint NOT NULL REFERENCES contact ON DELETE CASCADE,
    send_id    bigint,                       -- the letter it is about, or the newest sent
    what       text NOT NULL CHECK (what IN ('answered', 'auto_replied', 'bounced',
                   'complained', 'opted_out', 'left_company')),
    until      timestamptz,                  -- back from then on, of an auto-reply
    source     text NOT NULL,
    author     text NOT NULL,
    at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX event_once ON event
    (contact_id, what, coalesce(send_id, 0), coalesce(until, '-infinity'));
CREATE INDEX event_send ON event (send_id) WHERE send_id IS NOT NULL;

-- The one row that says who sends. Intents lock it FOR SHARE and check the term. A pause
-- or an opt-out first counts `gates` up: it waits for the intents under way, and one
-- that began with an older picture of the gates sees the newer count and is not written.
CREATE TABLE lease (
    name        text PRIMARY KEY,
    owner       uuid,
    term        bigint NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    gates       bigint NOT NULL DEFAULT 0
);
INSERT INTO lease (name) VALUES ('fleet');

CREATE TABLE instance (
    id         uuid PRIMARY KEY,
    host       text NOT NULL,
    pid        integer NOT NULL,
    version    text NOT NULL,
    role       text NOT NULL CHECK (role IN ('active', 'standby')),
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
);

-- What the DNS said of recipients' domains, so that the next import need not ask again.
CREATE TABLE mail_domain (
    domain     text PRIMARY KEY,
    verdict    text NOT NULL CHECK (verdict IN ('mx', 'a_only', 'null_mx', 'none', 'unknown')),
    receiver   text NOT NULL DEFAULT '',  -- who runs its mail: google, outlook, or a domain
    checked_at timestamptz NOT NULL
);

-- Calls that may come twice and are done once. A row without an answer is only seen by
-- the transaction that is at it.
CREATE TABLE idempotency (
    route       text NOT NULL,
    key         text NOT NULL,
    body_sha256 bytea NOT NULL,
    status      smallint,
    answer      jsonb,
    at          timestamptz NOT NULL,   -- forgotten seven days later
    PRIMARY KEY (route, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

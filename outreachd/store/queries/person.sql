-- One person, across all clients: all that is kept, and how it is forgotten.
-- A person is an address; what is kept of the letters themselves is their names and dates.

-- name: person_contacts
-- $1 address. LATERAL with OFFSET 0 keeps it one probe for each client.
SELECT c.id, cl.name AS client, c.email, c.timezone, c.variables::text AS variables,
    c.consent_basis, c.consent_source, c.consent_at, c.confirmed_at
FROM client cl CROSS JOIN LATERAL (
    SELECT * FROM contact c WHERE c.client_id = cl.id AND c.email = $1 OFFSET 0) c
ORDER BY cl.name;

-- name: person_enrolments
-- $1 contacts.
SELECT ca.name AS campaign, e.contact_id, e.state, e.reason
FROM enrolment e JOIN campaign ca ON ca.id = e.campaign_id
WHERE e.contact_id = ANY ($1::bigint[]) ORDER BY e.id;

-- name: person_sends
-- $1 contacts.
SELECT s.id, ca.name AS campaign, s.contact_id, s.step_number, m.address AS sender, s.state,
    s.due_at, s.message_id, s.dated_at, s.thread_subject, s.reason, s.detail, s.changed_at,
    coalesce((SELECT jsonb_agg(jsonb_build_object('started_at', a.started_at,
        'ended_at', a.ended_at, 'code', a.code, 'reply', a.reply, 'outcome', a.outcome)
        ORDER BY a.started_at) FROM attempt a WHERE a.send_id = s.id), '[]')::text AS attempts
FROM send s
JOIN campaign ca ON ca.id = s.campaign_id
LEFT JOIN mailbox m ON m.id = s.mailbox_id
WHERE s.contact_id = ANY ($1::bigint[]) ORDER BY s.id;

-- name: person_events
-- $1 contacts.
SELECT contact_id, send_id, what, until, source, author, at
FROM event WHERE contact_id = ANY ($1::bigint[]) ORDER BY at;

-- name: person_notices
-- $1 contacts.
SELECT contact_id, send_id, at, source, kind, detail, class, status, diagnostic, action
FROM notice WHERE contact_id = ANY ($1::bigint[]) ORDER BY at;

-- name: keep_out_imports
-- Wait for those who have asked who is barred and are about to keep people (hold_campaign),
-- and keep others out until this transaction ends.
SELECT pg_advisory_xact_lock(hashtext('outreachd erasure'));

-- name: lock_people
-- The contacts of an address, locked: what is being noted of them is waited for. One probe
-- for each client. $1 address.
SELECT c.id FROM client cl CROSS JOIN LATERAL (
    SELECT c.id FROM contact c WHERE c.client_id = cl.id AND c.email = $1 FOR UPDATE) c;

-- name: lock_letters
-- How the letters to people stand, locked: outcomes that are being written are waited for,
-- and what they set off can be seen by the next statement. $1 contacts.
SELECT state FROM send WHERE contact_id = ANY ($1::bigint[]) FOR UPDATE;

-- name: forget_answers
-- Calls whose answers name a person. $1 address.
DELETE FROM idempotency WHERE position($1 IN answer::text) > 0;

-- name: forget_person
-- Delete a person and what was written to him; attempts stay as numbers, without what
-- servers said, since the limits of the last hours count them. $1 contacts.
WITH people AS (
    DELETE FROM contact WHERE id = ANY ($1::bigint[]) RETURNING id
), letters AS (
    DELETE FROM send WHERE contact_id IN (SELECT id FROM people) RETURNING id, content_id
), said AS (
    DELETE FROM one_off WHERE id IN (SELECT content_id FROM letters)
), tried AS (
    UPDATE attempt SET reply = NULL WHERE send_id IN (SELECT id FROM letters)
), begun AS (
    DELETE FROM enrolment WHERE contact_id IN (SELECT id FROM people)
), happened AS (
    DELETE FROM event WHERE contact_id IN (SELECT id FROM people)
), came_back AS (
    -- Its fingerprint stays, so that the same mail read again acts on nobody; from now
    -- on it is a mail about nobody, and forgotten as those are.
    UPDATE notice SET diagnostic = NULL, contact_id = NULL, send_id = NULL
    WHERE contact_id IN (SELECT id FROM people)
)
SELECT (SELECT count(*) FROM people) AS contacts, (SELECT count(*) FROM letters) AS sends;

-- name: scrub_audit
-- Take a person out of what people did. $1 address.
UPDATE audit SET detail = '{"erased": true}' WHERE position($1 IN detail::text) > 0;

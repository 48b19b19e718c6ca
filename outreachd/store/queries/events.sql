-- What happened to a person, and what it ends. The order is: note the event, bar intents,
-- mark what is under way (which waits for outcomes that are being written), and only then
-- end what waits: by then a next step that such an outcome set off can be seen. What waits
-- is ended twice: the first time may itself have waited, for a late outcome or a yes that
-- was being written, and what that set off can be seen only by the second.

-- name: event_people
-- Whom it happened to, and about which letter: the one told, or the newest sent.
-- $1 send, $2 enrolment, $3 address (two of these are null), $4 client or null.
WITH found AS (
    SELECT s.contact_id, s.id AS send_id, s.campaign_id FROM send s WHERE s.id = $1
    UNION ALL
    SELECT e.contact_id, NULL, e.campaign_id FROM enrolment e WHERE e.id = $2
    UNION ALL
    SELECT c.id, NULL, NULL FROM client cl JOIN contact c ON c.client_id = cl.id
    WHERE c.email = $3 AND ($4::integer IS NULL OR cl.id = $4)
)
SELECT f.contact_id, c.email,
    coalesce(f.send_id, (
        SELECT s.id FROM send s
        WHERE s.contact_id = f.contact_id AND s.state = 'sent'
          AND (f.campaign_id IS NULL OR s.campaign_id = f.campaign_id)
        ORDER BY s.changed_at DESC, s.id DESC LIMIT 1)) AS send_id
FROM found f JOIN contact c ON c.id = f.contact_id;

-- name: put_event
-- No row if it is known, or if the person was erased since he was found. $1 contact,
-- $2 send, $3 what, $4 until, $5 source, $6 author, $7 now.
INSERT INTO event (contact_id, send_id, what, until, source, author, at)
SELECT c.id, $2::bigint, $3::text, $4::timestamptz, $5::text, $6::text, $7::timestamptz
FROM contact c WHERE c.id = $1 FOR KEY SHARE
ON CONFLICT DO NOTHING
RETURNING id;

-- name: own_enrolments
-- All enrolments of contacts: a contact belongs to one client. $1 contacts.
SELECT e.id, e.contact_id
FROM contact c
JOIN campaign k ON k.client_id = c.client_id
JOIN enrolment e ON e.campaign_id = k.id AND e.contact_id = c.id
WHERE c.id = ANY ($1::bigint[]);

-- name: stop_companies
-- Wait for the imports into a person's campaigns that write to a company no more, and keep
-- others out until this transaction ends (watch_companies). $1 contacts.
SELECT pg_advisory_xact_lock(20250, k.id)
FROM (
    SELECT DISTINCT k.id FROM campaign k JOIN enrolment e ON e.campaign_id = k.id
    WHERE k.stop_company AND e.contact_id = ANY ($1::bigint[]) ORDER BY k.id) k;

-- name: colleagues_enrolments
-- Those of a person's colleagues, in the person's campaigns that write to a company no
-- more. $1 contact, $2 the company's domain.
SELECT e.id, e.contact_id
FROM contact me
JOIN campaign k ON k.client_id = me.client_id AND k.stop_company
JOIN enrolment own ON own.campaign_id = k.id AND own.contact_id = me.id
JOIN contact c ON c.client_id = me.client_id AND c.id <> me.id
    AND split_part(c.email, '@', 2) = $2
JOIN enrolment e ON e.campaign_id = k.id AND e.contact_id = c.id
WHERE me.id = $1;

-- name: stop_under_way
-- No retry and no next step of these. $1 contacts, $2 enrolments, $3 reason, $4 also what
-- was ordered singly.
UPDATE send SET stop = $3
WHERE contact_id = ANY ($1::bigint[]) AND enrolment_id = ANY ($2::bigint[])
  AND state IN ('sending', 'uncertain') AND stop IS NULL AND ($4 OR content_id IS NULL);

-- name: stop_waiting
-- End what waits, also what a daemon is making ready: its intent finds it gone.
-- $1 contacts, $2 enrolments, $3 reason, $4 also what was ordered singly, $5 now.
WITH cancelled AS (
    UPDATE send SET state = 'cancelled', stop = $3, reason = $3, detail = NULL, term = NULL,
        changed_at = $5
    WHERE contact_id = ANY ($1::bigint[]) AND enrolment_id = ANY ($2::bigint[])
      AND state IN ('scheduled', 'leased', 'held') AND ($4 OR content_id IS NULL)
    RETURNING 1
), stopped AS (
    UPDATE enrolment SET state = 'stopped', reason = $3
    WHERE id = ANY ($2::bigint[]) AND state IN ('unconfirmed', 'active')
    RETURNING 1
)
SELECT (SELECT count(*) FROM cancelled) AS sends, (SELECT count(*) FROM stopped) AS enrolments;

-- name: defer_under_way
-- No retry and no next step before then. $1 contacts, $2 until.
UPDATE send SET not_before = greatest(not_before, $2)
WHERE contact_id = ANY ($1::bigint[]) AND state IN ('sending', 'uncertain')
  AND content_id IS NULL;

-- name: defer_waiting
-- Let a sequence wait until then; being late counts from there. $1 contacts, $2 until, $3 now.
WITH deferred AS (
    UPDATE send SET not_before = $2, due_at = $2, first_due_at = greatest(first_due_at, $2),
        reason = CASE WHEN state = 'held' THEN reason ELSE 'out_of_office' END,
        state = CASE WHEN state = 'leased' THEN 'scheduled' ELSE state END,
        term = NULL,
        changed_at = CASE WHEN state = 'held' THEN changed_at ELSE $3 END
    WHERE contact_id = ANY ($1::bigint[]) AND state IN ('scheduled', 'leased', 'held')
      AND due_at < $2 AND content_id IS NULL
    RETURNING 1)
SELECT count(*) FROM deferred;

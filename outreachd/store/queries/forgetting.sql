-- What is kept for a time and then forgotten, a chunk at a time so that no statement
-- takes long; each tells how many rows went.

-- name: forget_tallies
-- $1 before, $2 at most.
WITH gone AS (
    DELETE FROM tally WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM tally WHERE quarter < $1 ORDER BY quarter LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: forget_outages
-- $1 before, $2 at most.
WITH gone AS (
    DELETE FROM outage WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM outage WHERE quarter < $1 ORDER BY quarter LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: forget_notices
-- Mails that are about no letter of ours: no report counts them, and nobody reads them
-- again. What is about a letter stays with it. $1 before, $2 at most.
WITH gone AS (
    DELETE FROM notice WHERE id = ANY (ARRAY(
        SELECT id FROM notice
        WHERE send_id IS NULL AND acted_at IS NOT NULL AND at < $1
        ORDER BY at LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: forget_one_offs
-- What was in a one-off letter, once its send has ended for good. The row stays, and the
-- subject by which people know it: the send points at it. $1 before, $2 at most, $3 now.
WITH gone AS (
    UPDATE one_off SET body_text = 'forgotten', body_html = NULL, variables = '{}',
        attachments = '[]', forgotten_at = $3
    WHERE id = ANY (ARRAY(
        SELECT o.id FROM one_off o
        WHERE o.forgotten_at IS NULL AND o.at < $1 AND NOT EXISTS (
            SELECT FROM send s WHERE s.content_id = o.id
              AND (s.changed_at >= $1 OR s.state NOT IN
                   ('sent', 'failed', 'suppressed', 'expired', 'cancelled')))
        ORDER BY o.at LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: forget_rests
-- Rests at a receiver that have ended, and after which the next is a first one. $1 before,
-- $2 at most.
WITH gone AS (
    DELETE FROM shaping WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM shaping WHERE until < $1 LIMIT $2))
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: forget_calls
-- $1 before, $2 at most.
WITH gone AS (
    DELETE FROM idempotency WHERE (route, key) IN (
        SELECT route, key FROM idempotency WHERE at < $1
        ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING 1)
SELECT count(*) FROM gone;

-- name: orphans
-- Attachments that neither a step nor a one-off letter names.
WITH named AS MATERIALIZED (
    SELECT decode(f ->> 'sha256', 'base64') AS sha256
    FROM step, jsonb_array_elements(step.attachments) f WHERE step.attachments <> '[]'
    UNION
    SELECT decode(f ->> 'sha256', 'base64')
    FROM one_off o, jsonb_array_elements(o.attachments) f WHERE o.attachments <> '[]')
SELECT sha256 FROM attachment EXCEPT SELECT sha256 FROM named;

-- name: lock_attachments
-- Keep out whoever is about to name one; false if somebody is at it.
SELECT pg_try_advisory_xact_lock(hashtext('outreachd attachments'));

-- name: drop_attachments
-- $1 digests.
DELETE FROM attachment WHERE sha256 = ANY ($1::bytea[]);

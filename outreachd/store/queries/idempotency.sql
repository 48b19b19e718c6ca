-- Calls that are done once, by the key their sender gave them.

-- name: begin_call
-- Take a key that is new or forgotten; no row if it is in use. Waits for whoever
-- holds it at this moment. $1 route, $2 key, $3 hash of the body, $4 now, $5 the
-- instant before which answers are forgotten (a hundred of them each time).
WITH forgotten AS (
    DELETE FROM idempotency WHERE (route, key) IN (
        SELECT route, key FROM idempotency
        WHERE at < $5 AND (route, key) <> ($1, $2)
        ORDER BY at LIMIT 100 FOR UPDATE SKIP LOCKED)
)
INSERT INTO idempotency AS i (route, key, body_sha256, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (route, key) DO UPDATE SET
    body_sha256 = excluded.body_sha256, at = excluded.at, status = NULL, answer = NULL
WHERE i.at < $5
RETURNING true;

-- name: keep_answer
-- $1 route, $2 key, $3 status, $4 answer.
UPDATE idempotency SET status = $3, answer = $4::text::jsonb
WHERE route = $1 AND key = $2
RETURNING answer::text;

-- name: kept_answer
-- $1 route, $2 key.
SELECT body_sha256, status, answer::text AS answer FROM idempotency
WHERE route = $1 AND key = $2;

-- Which database this is: its id, its epoch, and the server it was last used on.

-- name: identity
-- What the database says of itself, and where it is now.
SELECT i.id, i.epoch, i.cluster, i.timeline, i.is_doubted,
    s.cluster AS present_cluster, s.timeline AS present_timeline
FROM identity i, server_identity() s;

-- name: count_epoch
-- Count one epoch more; none while it is doubted.
UPDATE identity i SET epoch = i.epoch + 1, timeline = s.timeline,
    cluster = CASE WHEN s.cluster = '' THEN i.cluster ELSE s.cluster END
FROM server_identity() s
WHERE NOT i.is_doubted
RETURNING i.id, i.epoch;

-- name: doubt_identity
-- Take it for a copy. $1 the furthest epoch that was seen of it.
UPDATE identity SET is_doubted = true, seen_epoch = greatest(seen_epoch, $1);

-- name: adopt_identity
-- A person says that this is the one to go on with: past every epoch seen elsewhere.
UPDATE identity i SET is_doubted = false, timeline = s.timeline, cluster = s.cluster,
    epoch = greatest(i.epoch, i.seen_epoch) + 1
FROM server_identity() s
WHERE i.is_doubted;

-- name: keep_pause
-- Pause without an end; one that has none already stays as it is.
-- $1 kind, $2 target, $3 reason, $4 author, $5 now.
INSERT INTO pause (kind, target_id, reason, author, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, target_id) DO UPDATE
SET reason = excluded.reason, until = NULL, author = excluded.author, at = excluded.at
WHERE pause.until IS NOT NULL;

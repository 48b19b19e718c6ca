-- How far mailboxes were read, when last, and mails handed in by pipe.

-- name: marks
-- The bookmarks of one mailbox. $1 kind, $2 id.
SELECT folder, validity, uid FROM bookmark WHERE kind = $1 AND target_id = $2;

-- name: put_mark
INSERT INTO bookmark (kind, target_id, folder, validity, uid) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, target_id, folder) DO UPDATE SET
    validity = excluded.validity, uid = excluded.uid;

-- name: expect_readings
-- Those that are to be read: $1 kinds, $2 ids; unheard from $3 on, unless they are.
WITH wanted AS (
    SELECT * FROM unnest($1::text[], $2::integer[]) AS w (kind, target_id)
), gone AS (
    DELETE FROM reading r
    WHERE NOT EXISTS (SELECT FROM wanted w
                      WHERE w.kind = r.kind AND w.target_id = r.target_id))
INSERT INTO reading (kind, target_id, deaf_at)
SELECT kind, target_id, $3 FROM wanted
ON CONFLICT (kind, target_id) DO NOTHING;

-- name: put_heard
-- $1 kind, $2 id, $3 now, $4 from when on it counts as unheard if nothing more comes.
UPDATE reading SET heard_at = $3, deaf_at = $4, fault = ''
WHERE kind = $1 AND target_id = $2;

-- name: put_unheard
-- $1 kind, $2 id, $3 why.
UPDATE reading SET fault = $3 WHERE kind = $1 AND target_id = $2;

-- name: deaf
-- Who has not been read for too long, the longest first. $1 now.
SELECT r.kind, coalesce(m.address, i.name) AS name, r.heard_at, r.fault
FROM reading r
LEFT JOIN mailbox m ON r.kind = 'mailbox' AND m.id = r.target_id
LEFT JOIN inbox i ON r.kind = 'inbox' AND i.id = r.target_id
WHERE r.deaf_at <= $1
ORDER BY r.heard_at NULLS FIRST, name;

-- name: hand_in
INSERT INTO handed_in (at, raw) VALUES ($1, $2) RETURNING id;

-- name: handed_in
-- The oldest. $1 how many at most.
SELECT id, raw FROM handed_in ORDER BY id LIMIT $1;

-- name: drop_handed_in
DELETE FROM handed_in WHERE id = $1;

-- Who sends: one row with a term that grows with every change of owner.
-- Time here is the database's own, because two daemons must agree on it.

-- name: take_lease
-- Take the lease if nobody holds it, or one who is dead. $1 owner, $2 seconds, $3 the dead.
UPDATE lease
SET owner = $1, term = term + 1, lease_until = clock_timestamp() + $2 * interval '1 second'
WHERE name = 'fleet' AND (owner IS NULL OR lease_until < clock_timestamp()
                         OR owner = ANY ($3::uuid[]))
RETURNING term;

-- name: renew_lease
-- Keep it, only while it has not run out. $1 owner, $2 term, $3 seconds.
UPDATE lease SET lease_until = clock_timestamp() + $3 * interval '1 second'
WHERE name = 'fleet' AND owner = $1 AND term = $2 AND lease_until > clock_timestamp()
RETURNING term;

-- name: release_lease
-- Let the next one take it at once. $1 owner, $2 term.
UPDATE lease SET owner = NULL, lease_until = '-infinity'
WHERE name = 'fleet' AND owner = $1 AND term = $2;

-- name: bar_intents
-- Wait for the intents under way and keep new ones out until this transaction ends:
-- what it writes is seen by every later intent.
UPDATE lease SET gates = gates + 1 WHERE name = 'fleet';

-- name: seen_instance
-- $1 id, $2 host, $3 pid, $4 version, $5 role, $6 now.
INSERT INTO instance (id, host, pid, version, role, started_at, seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (id) DO UPDATE SET role = excluded.role, seen_at = excluded.seen_at;

-- name: forget_instances
-- $1 id of the one that stops, $2 seen before.
DELETE FROM instance WHERE id = $1 OR seen_at < $2;

-- name: instances
-- Who has been about lately, and whether the lease is his and has not run out.
SELECT i.id, i.host, i.pid, i.version, i.role, i.started_at, i.seen_at,
    EXISTS (SELECT FROM lease l WHERE l.name = 'fleet' AND l.owner = i.id
            AND l.lease_until > clock_timestamp()) AS holds_lease
FROM instance i ORDER BY i.started_at;

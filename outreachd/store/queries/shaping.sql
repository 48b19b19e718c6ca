-- Who rests at which receiver.

-- name: read_shaping
-- What holds, and what is not forgotten yet. $1 since when ended rests count.
SELECT kind, target_id, receiver, until, rounds, reason FROM shaping WHERE until >= $1;

-- name: put_shaping
-- $1 kind, $2 target, $3 receiver, $4 until, $5 rounds, $6 reason.
INSERT INTO shaping (kind, target_id, receiver, until, rounds, reason)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (kind, target_id, receiver) DO UPDATE
SET until = excluded.until, rounds = excluded.rounds, reason = excluded.reason;

-- name: receiver_of
-- Who runs the mail of a domain, as the DNS said. $1 domain.
SELECT receiver FROM mail_domain WHERE domain = $1 AND receiver <> '';

-- name: receivers_of
-- Those of them that somebody runs whom the DNS named. $1 domains.
SELECT domain, receiver FROM mail_domain WHERE domain = ANY ($1::text[]) AND receiver <> '';

-- name: domains_of_receiver
-- $1 receiver.
SELECT domain FROM mail_domain WHERE receiver = $1;

-- Findings about sending domains, the stops that follow from them, and signing keys.

-- name: lock_domain
-- One look at a domain is written at a time. $1 domain.
SELECT id FROM domain WHERE id = $1 AND NOT retired FOR NO KEY UPDATE;

-- name: standings
-- $1 domain.
SELECT check_name, finding, known, detail, since, at FROM domain_check
WHERE domain_id = $1;

-- name: put_standings
-- $1 domain, then one array a column.
INSERT INTO domain_check (domain_id, check_name, finding, known, detail, since, at)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[],
                         $6::timestamptz[], $7::timestamptz[])
ON CONFLICT (domain_id, check_name) DO UPDATE SET
    finding = excluded.finding, known = excluded.known, detail = excluded.detail,
    since = excluded.since, at = excluded.at;

-- name: stop_of
-- Whether we have stopped a domain, and whether our pause is still there. $1 domain.
SELECT EXISTS (SELECT FROM domain_stop WHERE domain_id = $1) AS is_ours,
    EXISTS (SELECT FROM pause WHERE kind = 'domain' AND target_id = $1
            AND author = 'checks') AS is_paused;

-- name: put_stop
-- $1 domain, $2 now.
INSERT INTO domain_stop (domain_id, at) VALUES ($1, $2)
ON CONFLICT (domain_id) DO UPDATE SET at = excluded.at;

-- name: drop_stop
-- $1 domain.
DELETE FROM domain_stop WHERE domain_id = $1;

-- name: pause_by_checks
-- A person's pause that holds is left as it is. $1 domain, $2 reason, $3 now.
INSERT INTO pause (kind, target_id, reason, until, author, at)
VALUES ('domain', $1, $2, NULL, 'checks', $3)
ON CONFLICT (kind, target_id) DO UPDATE
SET reason = excluded.reason, until = NULL, author = excluded.author, at = excluded.at
WHERE pause.author = 'checks' OR pause.until <= $3
RETURNING target_id;

-- name: resume_by_checks
-- $1 domain.
DELETE FROM pause WHERE kind = 'domain' AND target_id = $1 AND author = 'checks';

-- name: looks
-- When each domain was looked at last; null = never.
SELECT d.id, min(c.at) AS at FROM domain d
LEFT JOIN domain_check c ON c.domain_id = d.id
WHERE NOT d.retired GROUP BY d.id;

-- name: watched_domains
-- Domains with their accounts in order of preference. $1 domain, or null for all.
SELECT d.id, d.name, d.dkim::text AS dkim, d.bounces_at,
    ARRAY(SELECT a.name FROM unnest(d.account_ids) WITH ORDINALITY AS way (id, place)
          JOIN account a ON a.id = way.id AND NOT a.retired ORDER BY way.place) AS accounts,
    ARRAY(SELECT a.host FROM unnest(d.account_ids) WITH ORDINALITY AS way (id, place)
          JOIN account a ON a.id = way.id AND NOT a.retired ORDER BY way.place) AS hosts
FROM domain d
WHERE NOT d.retired AND ($1::integer IS NULL OR d.id = $1)
ORDER BY d.name;

-- name: count_checks
SELECT c.check_name, c.finding, count(*) AS n FROM domain_check c
JOIN domain d ON d.id = c.domain_id
WHERE NOT d.retired GROUP BY c.check_name, c.finding;

-- name: bad_checks
-- What is known to be missing or wrong, the oldest first.
SELECT d.name AS domain, c.check_name AS "check", c.finding, c.detail, c.since, c.at
FROM domain_check c
JOIN domain d ON d.id = c.domain_id
WHERE NOT d.retired AND c.known IN ('missing', 'wrong')
ORDER BY c.since, d.name, c.check_name;

-- name: dkim_keys
SELECT id, domain_id, selector, kind, public FROM dkim_key;

-- name: dkim_key
-- $1 domain, $2 selector.
SELECT id, domain_id, selector, kind, public FROM dkim_key
WHERE domain_id = $1 AND selector = $2;

-- name: put_dkim_key
-- $1 domain, $2 selector, $3 kind, $4 public, $5 now.
INSERT INTO dkim_key (domain_id, selector, kind, public, made_at)
VALUES ($1, $2, $3, $4, $5) RETURNING id;

-- name: dkim_wish
-- $1 name of a domain.
SELECT id, dkim::text AS dkim FROM domain WHERE name = $1 AND NOT retired;

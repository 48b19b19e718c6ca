-- Counts of letters and of what came back, how everybody stands, what was decided.

-- name: tally_mark
SELECT at FROM tally_mark FOR UPDATE;

-- name: set_tally_mark
-- $1 now.
UPDATE tally_mark SET at = $1;

-- name: tally_replies
-- Count attempts since a quarter's beginning, and refusals before an intent. What was
-- counted is written anew, so that an attempt that has ended since counts as it ended.
-- $1 since, $2 before.
WITH tried AS (
    SELECT a.started_at AS at, a.mailbox_id, a.account_id, a.send_id,
        CASE WHEN a.outcome IN ('failed', 'scheduled') AND a.reason <> 'ledger_away'
            THEN event_of(a.reason) END AS event
    FROM attempt a WHERE a.started_at >= $1 AND a.started_at < $2
    UNION ALL
    SELECT s.changed_at, s.mailbox_id, d.account_ids[1], s.id, event_of(s.reason)
    FROM send s
    JOIN mailbox m ON m.id = s.mailbox_id
    JOIN domain d ON d.id = m.domain_id
    WHERE s.state = 'failed' AND s.changed_at >= $1 AND s.changed_at < $2
      AND s.reason IS NOT NULL
      AND NOT EXISTS (SELECT FROM attempt a WHERE a.id = s.attempt_id AND a.outcome = 'failed')
)
INSERT INTO tally AS t (quarter, mailbox_id, account_id, client_id, receiver, source,
    sent, hard, block, soft)
SELECT date_bin('15 minutes', tried.at, '2000-01-01Z'), tried.mailbox_id, tried.account_id,
    c.client_id, coalesce(nullif(md.receiver, ''), split_part(c.email, '@', 2)), 'reply',
    count(*), count(*) FILTER (WHERE event = 'hard'),
    count(*) FILTER (WHERE event = 'block'), count(*) FILTER (WHERE event = 'soft')
FROM tried
JOIN send s ON s.id = tried.send_id
JOIN contact c ON c.id = s.contact_id
LEFT JOIN mail_domain md ON md.domain = split_part(c.email, '@', 2)
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (quarter, mailbox_id, account_id, client_id, receiver, source)
DO UPDATE SET sent = excluded.sent, hard = excluded.hard, block = excluded.block,
    soft = excluded.soft
WHERE (t.sent, t.hard, t.block, t.soft)
    IS DISTINCT FROM (excluded.sent, excluded.hard, excluded.block, excluded.soft);

-- name: tally_notices
-- Count bounces and complaints that were acted on, each once, by the quarter their letter
-- was sent in; a second one of the same kind for a letter counts no more. $1 at most.
WITH fresh AS (
    UPDATE notice SET tallied = true
    WHERE id = ANY (ARRAY(
        SELECT id FROM notice WHERE NOT tallied AND acted_at IS NOT NULL
        ORDER BY id LIMIT $1))
    RETURNING id, send_id, action,
        CASE WHEN action = 'complained' THEN 'complaint' ELSE event_of(class) END AS event
), told AS (
    SELECT DISTINCT ON (f.send_id, f.event) f.send_id, f.event
    FROM fresh f
    WHERE f.send_id IS NOT NULL AND f.action IN ('suppressed', 'failed', 'complained')
      AND NOT EXISTS (
        SELECT FROM notice o
        WHERE o.send_id = f.send_id AND o.tallied AND o.action IN ('suppressed', 'failed', 'complained')
          AND CASE WHEN o.action = 'complained' THEN 'complaint' ELSE event_of(o.class) END
              = f.event)
)
INSERT INTO tally AS t (quarter, mailbox_id, account_id, client_id, receiver, source,
    hard, block, soft, complaint)
SELECT date_bin('15 minutes', a.started_at, '2000-01-01Z'), a.mailbox_id, a.account_id,
    c.client_id, coalesce(nullif(md.receiver, ''), split_part(c.email, '@', 2)), 'notice',
    count(*) FILTER (WHERE event = 'hard'), count(*) FILTER (WHERE event = 'block'),
    count(*) FILTER (WHERE event = 'soft'), count(*) FILTER (WHERE event = 'complaint')
FROM told
JOIN send s ON s.id = told.send_id
JOIN attempt a ON a.id = s.attempt_id
JOIN contact c ON c.id = s.contact_id
LEFT JOIN mail_domain md ON md.domain = split_part(c.email, '@', 2)
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (quarter, mailbox_id, account_id, client_id, receiver, source)
DO UPDATE SET hard = t.hard + excluded.hard, block = t.block + excluded.block,
    soft = t.soft + excluded.soft, complaint = t.complaint + excluded.complaint;

-- name: tally_refusals
-- Add letters that were refused before DATA, as letters and as blocked; what does not
-- count as blocked is left out. $1 rows, JSON.
INSERT INTO tally AS t (quarter, mailbox_id, account_id, client_id, receiver, source,
    sent, block)
SELECT r.quarter, r.mailbox_id, r.account_id, r.client_id,
    coalesce(nullif(md.receiver, ''), r.domain), 'refusal', sum(r.n), sum(r.n)
FROM json_to_recordset($1::text::json) AS r (quarter timestamptz, mailbox_id integer,
    account_id integer, client_id integer, domain text, reason text, n integer)
LEFT JOIN mail_domain md ON md.domain = r.domain
WHERE event_of(r.reason) = 'block'
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (quarter, mailbox_id, account_id, client_id, receiver, source)
DO UPDATE SET sent = t.sent + excluded.sent, block = t.block + excluded.block;

-- name: tally_of_late
-- What each sending domain sent to each receiver of late. $1 since, $2 letters at least.
SELECT t.receiver, sum(t.sent)::integer AS sent, sum(t.hard)::integer AS hard,
    sum(t.block)::integer AS block, sum(t.soft)::integer AS soft, 0 AS complaint
FROM tally t JOIN mailbox m ON m.id = t.mailbox_id
WHERE t.quarter >= $1
GROUP BY t.receiver, m.domain_id HAVING sum(t.sent) >= $2;

-- name: put_outage
-- A receiver was down in these quarters. $1 receiver, $2 first quarter, $3 last; tells
-- the new ones.
INSERT INTO outage (receiver, quarter)
SELECT $1, q FROM generate_series($2::timestamptz, $3::timestamptz, '15 minutes') q
ON CONFLICT DO NOTHING RETURNING quarter;

-- name: outages
-- The receivers that were down. $1 since.
SELECT receiver, min(quarter) AS first, max(quarter) AS last, count(*) AS quarters
FROM outage WHERE quarter >= $1 GROUP BY receiver ORDER BY 2, 1;

-- name: look_settings
-- A look adds up a week of a large fleet, once a minute: in memory, and with time.
SELECT set_config('work_mem', '32MB', true), set_config('statement_timeout', '30s', true);

-- name: windows
-- Counts by mailbox, account and client, each quarter in the smallest window that holds
-- it; what a receiver failed while it was down is left out. $1 now, $2 windows in hours,
-- the smallest first.
WITH edges AS (
    SELECT array_agg($1::timestamptz - w * interval '1 hour' ORDER BY w DESC) AS at
    FROM unnest($2::integer[]) w)
SELECT t.mailbox_id, t.account_id, t.client_id,
    ($2::integer[])[1 + cardinality($2::integer[]) - width_bucket(t.quarter, edges.at)]
        AS hours,
    sum(t.sent)::integer AS sent, sum(t.hard)::integer AS hard,
    sum(t.block)::integer AS block, sum(t.soft)::integer AS soft,
    sum(t.complaint)::integer AS complaint
FROM tally t, edges
WHERE (t.quarter, t.receiver) NOT IN (SELECT quarter, receiver FROM outage)
  AND t.quarter > $1::timestamptz
      - (SELECT max(w) FROM unnest($2::integer[]) w) * interval '1 hour'
GROUP BY 1, 2, 3, 4;

-- name: domain_windows
-- The same by sending domain, of those who began anew since then. $1 now, $2 windows in
-- hours, $3 domain, or null for all.
WITH edges AS (
    SELECT array_agg($1::timestamptz - w * interval '1 hour' ORDER BY w DESC) AS at
    FROM unnest($2::integer[]) w)
SELECT m.domain_id,
    ($2::integer[])[1 + cardinality($2::integer[]) - width_bucket(t.quarter, edges.at)]
        AS hours,
    sum(t.sent)::integer AS sent, sum(t.hard)::integer AS hard,
    sum(t.block)::integer AS block, sum(t.soft)::integer AS soft,
    sum(t.complaint)::integer AS complaint
FROM edges, tally t
JOIN mailbox m ON m.id = t.mailbox_id
LEFT JOIN health h ON h.kind = 'domain' AND h.target_id = m.domain_id
WHERE (t.quarter, t.receiver) NOT IN (SELECT quarter, receiver FROM outage)
  AND t.quarter > $1::timestamptz
      - (SELECT max(w) FROM unnest($2::integer[]) w) * interval '1 hour'
  AND ($3::integer IS NULL OR m.domain_id = $3)
  AND (h.fresh_since IS NULL OR t.quarter >= h.fresh_since)
GROUP BY 1, 2;

-- name: domain_names
-- $1 domain, or null for all.
SELECT id, name FROM domain WHERE NOT retired AND ($1::integer IS NULL OR id = $1);

-- name: fresh_windows
-- The same of those who began anew, since they did. Tells what was sent since the present
-- stage began too. Each kind is joined by its own key: one condition for all kinds is a
-- nested loop, minutes long where a tenth of a large fleet comes back at once. $1 now,
-- $2 windows in hours, the smallest first.
WITH edges AS (
    SELECT array_agg($1::timestamptz - w * interval '1 hour' ORDER BY w DESC) AS at
    FROM unnest($2::integer[]) w
), began AS MATERIALIZED (
    SELECT kind, target_id, since, fresh_since FROM health
    WHERE fresh_since IS NOT NULL
      AND (stage > 0 OR fresh_since > $1::timestamptz
           - (SELECT max(w) FROM unnest($2::integer[]) w) * interval '1 hour')
), counted AS (
    SELECT * FROM tally t
    WHERE t.quarter >= (SELECT min(fresh_since) FROM began)
      AND (t.quarter, t.receiver) NOT IN (SELECT quarter, receiver FROM outage)
), theirs AS (
    SELECT b.*, t.quarter, t.sent, t.hard, t.block, t.soft, t.complaint
    FROM began b JOIN counted t ON t.mailbox_id = b.target_id
    WHERE b.kind = 'mailbox'
    UNION ALL
    SELECT b.*, t.quarter, t.sent, t.hard, t.block, t.soft, t.complaint
    FROM began b JOIN mailbox m ON m.domain_id = b.target_id
    JOIN counted t ON t.mailbox_id = m.id
    WHERE b.kind = 'domain'
    UNION ALL
    SELECT b.*, t.quarter, t.sent, t.hard, t.block, t.soft, t.complaint
    FROM began b JOIN counted t ON t.account_id = b.target_id
    WHERE b.kind = 'account'
    UNION ALL
    SELECT b.*, t.quarter, t.sent, t.hard, t.block, t.soft, t.complaint
    FROM began b JOIN counted t ON t.client_id = b.target_id
    WHERE b.kind = 'client'
)
SELECT kind, target_id,
    ($2::integer[])[1 + cardinality($2::integer[]) - width_bucket(quarter, edges.at)]
        AS hours,
    sum(sent) FILTER (WHERE quarter + interval '15 minutes' > since)::integer
        AS since_stage,
    sum(sent)::integer AS sent, sum(hard)::integer AS hard,
    sum(block)::integer AS block, sum(soft)::integer AS soft,
    sum(complaint)::integer AS complaint
FROM theirs, edges WHERE quarter >= fresh_since
GROUP BY 1, 2, 3;

-- name: health_standings
-- How everybody stands, and whether there is a pause on them.
SELECT h.kind, h.target_id, h.state, h.since, h.until, h.stage, h.relapses, h.fell_at,
    h.rule, h.fresh_since, p.kind IS NOT NULL AS is_paused
FROM health h
LEFT JOIN pause p ON p.kind = h.kind AND p.target_id = h.target_id;

-- name: put_health
-- $1 kind, $2 target, $3 state, $4 since, $5 until, $6 stage, $7 relapses, $8 fell at,
-- $9 rule, $10 fresh since.
INSERT INTO health (kind, target_id, state, since, until, stage, relapses, fell_at, rule,
    fresh_since)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (kind, target_id) DO UPDATE SET
    state = excluded.state, since = excluded.since, until = excluded.until,
    stage = excluded.stage, relapses = excluded.relapses, fell_at = excluded.fell_at,
    rule = excluded.rule, fresh_since = excluded.fresh_since;

-- name: put_decision
-- $1 now, $2 kind, $3 target, $4 before, $5 after, $6 rule, $7 mode, $8 figures,
-- $9 until, $10 author.
INSERT INTO health_decision
    (at, kind, target_id, before, after, rule, mode, figures, until, author)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9, $10) RETURNING id;

-- name: was_noted
-- Whether a rule that may not act has said the same of late. $1 kind, $2 target, $3 rule,
-- $4 since.
SELECT EXISTS (SELECT FROM health_decision
    WHERE kind = $1 AND target_id = $2 AND rule = $3 AND mode <> 'enforce' AND at > $4);

-- name: undo_decision
-- A person has let somebody go on: the newest decision is undone. $1 kind, $2 target,
-- $3 now.
UPDATE health_decision SET undone_at = $3
WHERE id = (SELECT max(id) FROM health_decision
            WHERE kind = $1 AND target_id = $2 AND mode = 'enforce' AND after <> 'well');

-- name: pause_by_health
-- A pause of somebody else's that holds is left as it is. $1 kind, $2 target, $3 reason,
-- $4 until, $5 now.
INSERT INTO pause (kind, target_id, reason, until, author, at)
VALUES ($1, $2, $3, $4, 'health', $5)
ON CONFLICT (kind, target_id) DO UPDATE
SET reason = excluded.reason, until = excluded.until, author = excluded.author, at = excluded.at
WHERE pause.author = 'health' OR pause.until <= $5;

-- name: renew_rests
-- A person's pause on somebody who rests has ended by itself: ours goes on. $1 now.
WITH renewed AS (
    UPDATE pause p SET reason = 'rests: outreachd health tells why', until = h.until,
        author = 'health', at = $1
    FROM health h
    WHERE h.kind = p.kind AND h.target_id = p.target_id
      AND h.state IN ('resting', 'retired') AND (h.until IS NULL OR h.until > $1)
      AND p.until <= $1
    RETURNING 1)
SELECT count(*) FROM renewed;

-- name: resume_by_health
-- $1 kind, $2 target.
DELETE FROM pause WHERE kind = $1 AND target_id = $2 AND author = 'health';

-- name: suggestion
-- $1 decision.
SELECT d.kind, d.target_id, d.after, d.rule, d.mode, d.accepted_at,
    coalesce(c.name, o.name, m.address, a.name) AS name
FROM health_decision d
LEFT JOIN client c ON d.kind = 'client' AND c.id = d.target_id
LEFT JOIN domain o ON d.kind = 'domain' AND o.id = d.target_id
LEFT JOIN mailbox m ON d.kind = 'mailbox' AND m.id = d.target_id
LEFT JOIN account a ON d.kind = 'account' AND a.id = d.target_id
WHERE d.id = $1 FOR UPDATE OF d;

-- name: accept_decision
-- $1 decision, $2 now.
UPDATE health_decision SET accepted_at = $2 WHERE id = $1;

-- name: health_decisions
-- The newest first. $1 since, $2 name or null, $3 at most.
SELECT d.id, d.at, d.kind, d.target_id, coalesce(c.name, o.name, m.address, a.name, '') AS name,
    d.before, d.after, d.rule, d.mode, d.figures::text AS figures, d.until, d.author,
    d.accepted_at, d.undone_at
FROM health_decision d
LEFT JOIN client c ON d.kind = 'client' AND c.id = d.target_id
LEFT JOIN domain o ON d.kind = 'domain' AND o.id = d.target_id
LEFT JOIN mailbox m ON d.kind = 'mailbox' AND m.id = d.target_id
LEFT JOIN account a ON d.kind = 'account' AND a.id = d.target_id
WHERE d.at >= $1 AND ($2::text IS NULL OR $2 IN (c.name, o.name, m.address, a.name))
ORDER BY d.id DESC LIMIT $3;

-- name: health_names
-- Everybody who can fall ill, by name.
SELECT 'account' AS kind, id, name, NULL::integer AS domain_id FROM account WHERE NOT retired
UNION ALL SELECT 'client', id, name, NULL FROM client WHERE NOT retired
UNION ALL SELECT 'domain', id, name, NULL FROM domain WHERE NOT retired
UNION ALL SELECT 'mailbox', id, address, domain_id FROM mailbox WHERE NOT retired
ORDER BY 1, 3;

-- name: tallies
-- The recorded past, for a replay. $1 since.
SELECT t.quarter, t.mailbox_id, m.domain_id, t.account_id, t.client_id, t.receiver,
    sum(t.sent)::integer AS sent, sum(t.hard)::integer AS hard,
    sum(t.block)::integer AS block, sum(t.soft)::integer AS soft,
    sum(t.complaint)::integer AS complaint
FROM tally t JOIN mailbox m ON m.id = t.mailbox_id
WHERE t.quarter >= $1
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1;

-- name: deaf_mailboxes
-- Mailboxes whose mail cannot be read, and since when they count as deaf. $1 now.
SELECT r.target_id, r.deaf_at FROM reading r
WHERE r.kind = 'mailbox' AND r.deaf_at <= $1;

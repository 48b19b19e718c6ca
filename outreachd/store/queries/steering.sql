-- What people do to the fleet while it sends: pause, resume, release, suppress, look.

-- name: find_client
SELECT id FROM client WHERE name = $1 AND NOT retired;

-- name: find_campaign
SELECT id FROM campaign WHERE name = $1 AND NOT retired;

-- name: find_domain
SELECT id FROM domain WHERE name = $1 AND NOT retired;

-- name: find_mailbox
SELECT id FROM mailbox WHERE address = $1 AND NOT retired;

-- name: find_account
SELECT id FROM account WHERE name = $1 AND NOT retired;

-- name: put_pause
-- $1 kind, $2 target, $3 reason, $4 until, $5 author, $6 now. A fleet whose database may
-- be a copy does not go on by itself.
INSERT INTO pause (kind, target_id, reason, until, author, at)
VALUES ($1, $2, $3,
    CASE WHEN $1 = 'fleet' AND EXISTS (SELECT FROM identity WHERE is_doubted) THEN NULL
         ELSE $4::timestamptz END, $5, $6)
ON CONFLICT (kind, target_id) DO UPDATE
SET reason = excluded.reason, until = excluded.until, author = excluded.author,
    at = excluded.at;

-- name: drop_pause
-- $1 kind, $2 target.
DELETE FROM pause WHERE kind = $1 AND target_id = $2;

-- name: note
-- $1 now, $2 author, $3 action, $4 detail.
INSERT INTO audit (at, author, action, detail) VALUES ($1, $2, $3, $4::jsonb);

-- name: notify_pause
SELECT pg_notify('outreachd_pause', '');

-- name: notify_work
SELECT pg_notify('outreachd_work', '');

-- name: count_sends
SELECT state, count(*) AS n FROM send GROUP BY state;

-- name: count_due
-- Scheduled rows whose time has come, and the oldest of them; none of a campaign that has
-- left the fleet is due. $1 now.
SELECT count(*) AS due, min(s.due_at) AS oldest
FROM send s JOIN campaign k ON k.id = s.campaign_id AND NOT k.retired
WHERE s.state = 'scheduled' AND s.due_at <= $1;

-- name: count_retired
-- What waits for campaigns that have left the fleet: it goes on when they return.
SELECT k.name AS campaign, count(*) AS n
FROM campaign k JOIN send s ON s.campaign_id = k.id AND s.state = 'scheduled'
WHERE k.retired GROUP BY k.name ORDER BY k.name;

-- name: count_waiting
-- What waits for a person or for evidence, by reason.
SELECT state, coalesce(reason, '') AS reason, count(*) AS n FROM send
WHERE state IN ('held', 'uncertain') GROUP BY state, reason;

-- name: sent_today
-- Letters begun on the present local day of each client. $1 now.
SELECT coalesce(sum(u.n), 0)::bigint FROM usage u
JOIN client c ON c.id = u.target_id
WHERE u.kind = 'client' AND u.day = ($1::timestamptz AT TIME ZONE c.timezone)::date;

-- name: count_fleet
-- How many of each kind there are, by health: a paused one that was never judged rests.
-- $1 now.
WITH fleet AS (
    SELECT 'mailbox' AS kind, id FROM mailbox WHERE NOT retired
    UNION ALL SELECT 'domain', id FROM domain WHERE NOT retired
    UNION ALL SELECT 'account', id FROM account WHERE NOT retired
)
SELECT f.kind, CASE
        WHEN h.state IN ('resting', 'retired') THEN h.state
        WHEN p.kind IS NOT NULL THEN 'resting'
        ELSE coalesce(h.state, 'well') END AS state, count(*) AS n
FROM fleet f
LEFT JOIN health h ON h.kind = f.kind AND h.target_id = f.id
LEFT JOIN pause p ON p.kind = f.kind AND p.target_id = f.id
    AND (p.until IS NULL OR p.until > $1)
GROUP BY 1, 2;

-- name: list_pauses
-- $1 now.
SELECT p.kind, coalesce(c.name, ca.name, d.name, m.address, a.name, '') AS name, p.reason,
    p.until, p.author, p.at
FROM pause p
LEFT JOIN client c ON p.kind = 'client' AND c.id = p.target_id
LEFT JOIN campaign ca ON p.kind = 'campaign' AND ca.id = p.target_id
LEFT JOIN domain d ON p.kind = 'domain' AND d.id = p.target_id
LEFT JOIN mailbox m ON p.kind = 'mailbox' AND m.id = p.target_id
LEFT JOIN account a ON p.kind = 'account' AND a.id = p.target_id
WHERE p.until IS NULL OR p.until > $1
ORDER BY p.at;

-- name: show_send
-- One send with its newest attempts. $1 id.
SELECT s.id, s.state, s.reason, s.detail, s.due_at, s.first_due_at, s.attempts, s.resends,
    s.step_number, s.place, s.campaign_id, s.mailbox_id, s.message_id, s.dated_at,
    s.changed_at, c.name AS campaign, cl.name AS client, m.address AS mailbox,
    co.email AS contact, s.content_id,
    (SELECT o.subject FROM one_off o WHERE o.id = s.content_id) AS one_off_subject,
    coalesce((SELECT jsonb_agg(to_jsonb(t) ORDER BY t.started_at) FROM (
        SELECT a.id, a.started_at, a.ended_at, a.phase, a.code, a.reply, a.reason, a.outcome
        FROM attempt a WHERE a.send_id = s.id) t), '[]')::text AS attempt_list,
    coalesce((SELECT jsonb_agg(to_jsonb(t) ORDER BY t.at) FROM (
        SELECT n.at, n.kind, n.detail, n.class, n.diagnostic, n.evidence, n.action
        FROM notice n WHERE n.send_id = s.id) t), '[]')::text AS notices,
    coalesce((SELECT jsonb_agg(to_jsonb(t) ORDER BY t.id) FROM (
        SELECT x.id, x.target, x.reason, x.source, x.at,
            CASE WHEN x.campaign_id IS NOT NULL THEN 'campaign ' || c.name
                 WHEN x.client_id IS NOT NULL THEN 'client ' || cl.name
                 ELSE 'everywhere' END AS level
        FROM suppressions_of(co.email, co.client_id, s.campaign_id) x) t), '[]')::text
        AS suppressed_by
FROM send s
JOIN campaign c ON c.id = s.campaign_id
JOIN client cl ON cl.id = c.client_id
JOIN contact co ON co.id = s.contact_id
LEFT JOIN mailbox m ON m.id = s.mailbox_id
WHERE s.id = $1;

-- name: find_sends
-- The sends to an address. $1 address, $2 campaign or null. OFFSET 0 keeps it a walk by
-- address, one probe for each client.
SELECT s.id FROM client cl
CROSS JOIN LATERAL (
    SELECT co.id FROM contact co WHERE co.client_id = cl.id AND co.email = $1 OFFSET 0) co
JOIN send s ON s.contact_id = co.id
JOIN campaign c ON c.id = s.campaign_id
WHERE $2::text IS NULL OR c.name = $2
ORDER BY s.id DESC LIMIT 20;

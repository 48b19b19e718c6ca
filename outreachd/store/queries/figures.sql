-- What came of the letters of a time.

-- name: figures
-- Counts by one thing. A letter is of the time in which a server took it, or refused it
-- for good; what came back counts for it whenever it came. $1 by what, $2 since,
-- $3 until, $4 client or null, $5 campaign or null.
WITH letter AS (
    SELECT s.id, s.mailbox_id, s.campaign_id, s.variant, s.attempt_id,
        s.state = 'sent' AS is_sent,
        CASE WHEN s.content_id IS NULL THEN s.step_number::text ELSE 'one-off' END AS step
    FROM send s
    WHERE s.state IN ('sent', 'failed') AND s.changed_at >= $2 AND s.changed_at < $3
), happened AS (
    -- What comes back comes after its letter.
    SELECT e.send_id, bool_or(e.what = 'answered') AS answered,
        bool_or(e.what = 'complained') AS complained,
        bool_or(e.what = 'opted_out') AS opted_out,
        bool_or(e.what IN ('answered', 'auto_replied', 'complained', 'left_company'))
            AS arrived
    FROM event e WHERE e.at >= $2 AND e.send_id IS NOT NULL GROUP BY e.send_id
), told AS (
    -- At its worst: 3 hard, 2 block, 1 soft.
    SELECT n.send_id,
        max(CASE WHEN n.action NOT IN ('failed', 'suppressed') THEN 0
                 WHEN starts_with(n.class, 'hard_') THEN 3
                 WHEN starts_with(n.class, 'block_') OR n.class IN ('auth_dmarc',
                    'content_spam', 'content_virus', 'policy_other', 'rate_limit') THEN 2
                 ELSE 1 END) AS worst,
        bool_or(n.action IN ('delivered', 'relayed')) AS delivered
    FROM notice n
    WHERE n.kind = 'dsn' AND n.at >= $2 AND n.send_id IS NOT NULL GROUP BY n.send_id
)
SELECT CASE $1::text
        WHEN 'client' THEN cl.name
        WHEN 'direction' THEN cl.name || '/' || ca.direction
        WHEN 'campaign' THEN ca.name
        WHEN 'step' THEN ca.name || '/' || l.step
        WHEN 'variant' THEN ca.name || '/' || l.step || '/' || coalesce(l.variant, '-')
        WHEN 'mailbox' THEN coalesce(m.address, '-')
        WHEN 'domain' THEN coalesce(d.name, '-')
        WHEN 'account' THEN coalesce(ac.name, '-') END AS name,
    count(*) FILTER (WHERE l.is_sent) AS sent,
    count(*) FILTER (WHERE NOT l.is_sent) AS refused,
    count(*) FILTER (WHERE l.is_sent AND (t.delivered OR h.arrived)) AS delivered,
    count(*) FILTER (WHERE l.is_sent AND t.worst = 3) AS bounced_hard,
    count(*) FILTER (WHERE l.is_sent AND t.worst = 2) AS bounced_block,
    count(*) FILTER (WHERE l.is_sent AND t.worst = 1) AS bounced_soft,
    count(*) FILTER (WHERE l.is_sent AND h.complained) AS complained,
    count(*) FILTER (WHERE l.is_sent AND h.answered) AS answered,
    count(*) FILTER (WHERE l.is_sent AND h.opted_out) AS opted_out
FROM letter l
JOIN campaign ca ON ca.id = l.campaign_id
JOIN client cl ON cl.id = ca.client_id
LEFT JOIN mailbox m ON m.id = l.mailbox_id
LEFT JOIN domain d ON d.id = m.domain_id
-- Only asked for where it matters: it is as large as all letters.
LEFT JOIN attempt a ON $1 = 'account' AND a.id = l.attempt_id
LEFT JOIN account ac ON ac.id = a.account_id
LEFT JOIN happened h ON h.send_id = l.id
LEFT JOIN told t ON t.send_id = l.id
WHERE ($4::text IS NULL OR cl.name = $4) AND ($5::text IS NULL OR ca.name = $5)
GROUP BY 1 ORDER BY 1;

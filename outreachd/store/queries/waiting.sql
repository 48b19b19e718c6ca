-- What waits, counted: for `plan`, `status` and `check`. Reads only.

-- name: plan_queues
-- First touches that wait, by queue and hour of their due time. $1 now, $2 until.
SELECT campaign_id, place, NULL::integer AS mailbox_id, step_number,
    greatest(date_trunc('hour', due_at), $1) AS due_at, count(*) AS n
FROM send WHERE state = 'scheduled' AND mailbox_id IS NULL AND due_at < $2
GROUP BY 1, 2, 4, 5 ORDER BY 5, 1, 2;

-- name: plan_lanes
-- What waits bound to mailboxes, by hour of its due time. $1 now, $2 until.
SELECT campaign_id, place, mailbox_id, step_number,
    greatest(date_trunc('hour', due_at), $1) AS due_at, count(*) AS n
FROM send WHERE state = 'scheduled' AND mailbox_id IS NOT NULL AND due_at < $2
GROUP BY 1, 2, 3, 4, 5 ORDER BY 5, 1, 3;

-- name: plan_by_receiver
-- Both, and by receiver where a crowd waits for it. What a receiver's rate has put off is
-- due as it was before: a plan lines it up anew. $1 now, $2 until, $3 more is a crowd.
WITH piles AS (
    SELECT s.campaign_id, s.place, s.mailbox_id, s.step_number,
        greatest($1, date_trunc('hour', CASE s.reason WHEN 'receiver_rate'
            THEN s.first_due_at ELSE s.due_at END)) AS due_at,
        coalesce(nullif(d.receiver, ''), split_part(c.email, '@', 2)) AS receiver,
        count(*) AS n
    FROM send s
    LEFT JOIN contact c ON c.id = s.contact_id
    LEFT JOIN mail_domain d ON d.domain = split_part(c.email, '@', 2)
    WHERE s.state = 'scheduled' AND (s.due_at < $2 OR s.reason = 'receiver_rate')
    GROUP BY 1, 2, 3, 4, 5, 6
), crowds AS (
    SELECT receiver FROM piles GROUP BY receiver HAVING sum(n) > $3::integer
)
SELECT campaign_id, place, mailbox_id, step_number, due_at,
    coalesce(crowds.receiver, '') AS receiver, sum(n)::bigint AS n
FROM piles LEFT JOIN crowds USING (receiver)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY mailbox_id IS NOT NULL, 5, 1, 2, 3, 4, 6;

-- name: oldest_due
-- The scheduled send of each campaign that is due first, the oldest of them first. Of what
-- is bound, the first of each mailbox counts: what is behind it waits for it.
SELECT id, due_at FROM (
    SELECT DISTINCT ON (campaign_id) id, campaign_id, due_at FROM (
        SELECT f.id, f.campaign_id, f.due_at
        FROM queue q
        JOIN campaign k ON k.id = q.campaign_id AND NOT k.retired
        CROSS JOIN LATERAL (
            SELECT s.id, s.campaign_id, s.due_at FROM send s
            WHERE s.state = 'scheduled' AND s.mailbox_id IS NULL
                AND s.campaign_id = q.campaign_id AND s.place = q.place
            ORDER BY s.due_at, s.id LIMIT 1) f
        UNION ALL
        SELECT f.id, f.campaign_id, f.due_at
        FROM mailbox m
        CROSS JOIN LATERAL (
            SELECT s.id, s.campaign_id, s.due_at FROM send s
            WHERE s.state = 'scheduled' AND s.mailbox_id = m.id
                AND EXISTS (SELECT FROM campaign k
                    WHERE k.id = s.campaign_id AND NOT k.retired)
            ORDER BY s.due_at, s.id LIMIT 1) f) firsts
    ORDER BY campaign_id, due_at, id) first
ORDER BY due_at, id;

-- name: database_time
SELECT clock_timestamp();

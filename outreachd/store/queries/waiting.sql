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

-- name: oldest_due
-- The scheduled send of each campaign that is due first, the oldest of them first.
SELECT id, due_at FROM (
    SELECT DISTINCT ON (s.campaign_id) s.id, s.due_at
    FROM send s JOIN campaign k ON k.id = s.campaign_id AND NOT k.retired
    WHERE s.state = 'scheduled'
    ORDER BY s.campaign_id, s.due_at, s.id) first
ORDER BY due_at, id;

-- name: database_time
SELECT clock_timestamp();

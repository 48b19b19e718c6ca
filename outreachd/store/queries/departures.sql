-- What has left the fleet, or come back, while letters waited for it.

-- name: lost_sends
-- What waits for a mailbox that is gone, of campaigns that do not wait with it, and where
-- somebody can stand in. May have arrived: an attempt has no end; a person who released
-- it since has said that it may go again. $1 how many.
SELECT s.id, s.campaign_id, s.mailbox_id, m.domain_id, m.address, s.enrolment_id,
    k.mailbox_gone = 'stop' AS is_over,
    s.reason IS DISTINCT FROM 'released' AND EXISTS (
        SELECT FROM attempt a
        WHERE a.send_id = s.id AND (a.outcome IS NULL OR a.outcome = 'uncertain')
    ) AS may_have_arrived
FROM mailbox m
JOIN send s ON s.mailbox_id = m.id AND s.state = 'scheduled'
JOIN campaign k ON k.id = s.campaign_id AND NOT k.retired
WHERE m.retired
  AND (k.mailbox_gone = 'stop' OR (k.mailbox_gone = 'stand_in' AND EXISTS (
        SELECT FROM campaign_mailbox cm JOIN mailbox other ON other.id = cm.mailbox_id
        WHERE cm.campaign_id = k.id AND other.domain_id = m.domain_id
          AND NOT other.retired)))
ORDER BY s.due_at, s.id LIMIT $1;

-- name: stand_ins
-- Who may write for campaigns from domains, and how much waits for each of them already.
-- $1 campaigns, $2 domains.
SELECT cm.campaign_id, m.domain_id, m.id,
    (SELECT count(*) FROM send s WHERE s.mailbox_id = m.id AND s.state = 'scheduled') AS load
FROM campaign_mailbox cm
JOIN mailbox m ON m.id = cm.mailbox_id AND NOT m.retired
WHERE cm.campaign_id = ANY ($1::integer[]) AND m.domain_id = ANY ($2::integer[])
ORDER BY m.id;

-- name: put_stand_ins
-- Its bytes change with the sender; its name, date and thread do not.
-- $1 sends, $2 the mailbox that is gone, $3 the one that writes now, $4 reasons for
-- people, $5 now.
WITH moved AS (
    UPDATE send s
    SET mailbox_id = t.stand_in, letter_sha256 = NULL, reason = 'stand_in', detail = t.detail,
        changed_at = $5,
        -- What was put off only for want of its mailbox need not wait any more.
        due_at = CASE WHEN s.reason = 'no_room' THEN greatest($5, s.not_before)
                      ELSE s.due_at END
    FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::text[])
        AS t (id, gone, stand_in, detail)
    WHERE s.id = t.id AND s.id = ANY ($1::bigint[])
      AND coalesce(s.state) = 'scheduled' AND s.mailbox_id = t.gone
    RETURNING 1)
SELECT count(*) FROM moved;

-- name: hold_lost
-- $1 sends, $2 reason for people, $3 now.
WITH held AS (
    UPDATE send SET state = 'held', reason = 'mailbox_gone', detail = $2, changed_at = $3
    WHERE id = ANY ($1::bigint[]) AND state = 'scheduled'
    RETURNING 1)
SELECT count(*) FROM held;

-- name: stop_lost
-- $1 sends, $2 now.
WITH cancelled AS (
    UPDATE send SET state = 'cancelled', stop = 'mailbox_gone', reason = 'mailbox_gone',
        detail = NULL, changed_at = $2
    WHERE id = ANY ($1::bigint[]) AND state = 'scheduled'
    RETURNING enrolment_id
), stopped AS (
    UPDATE enrolment e SET state = 'stopped', reason = 'mailbox_gone'
    FROM cancelled c WHERE e.id = c.enrolment_id AND e.state = 'active')
SELECT count(*) FROM cancelled;

-- name: resume_returned
-- What was held only because its campaign or its step had been taken out. $1 now, $2 how
-- many.
WITH returned AS MATERIALIZED (
    SELECT s.id FROM send s JOIN campaign k ON k.id = s.campaign_id
    WHERE NOT k.retired AND s.state = 'held'
      AND (s.reason = 'campaign_retired'
           OR (s.reason = 'no_such_step' AND EXISTS (
                SELECT FROM step WHERE campaign_id = k.id AND number = s.step_number)))
    LIMIT $2
), resumed AS (
    UPDATE send s
    SET state = 'scheduled', reason = 'returned', detail = NULL,
        due_at = greatest($1, s.not_before), changed_at = $1
    WHERE s.id = ANY (ARRAY(SELECT id FROM returned)) AND s.state = 'held'
    RETURNING 1)
SELECT count(*) FROM resumed;

-- name: count_stranded
-- What waits for a mailbox that is gone, by campaign.
SELECT k.name AS campaign, k.mailbox_gone, count(*) AS n
FROM mailbox m
JOIN send s ON s.mailbox_id = m.id AND s.state = 'scheduled'
JOIN campaign k ON k.id = s.campaign_id AND NOT k.retired
WHERE m.retired GROUP BY k.name, k.mailbox_gone ORDER BY k.name;

-- Letters that wait, where their campaign's calendar has changed. A stretch of contacts at
-- a time, by enrolment and by the letters of a person: index walks, however much was sent.

-- name: unplaced_campaigns
-- Whose letters still lie by an older calendar.
SELECT id, calendar::text AS calendar FROM campaign WHERE unplaced AND NOT retired ORDER BY id;

-- name: unplace_campaigns
-- $1 names.
UPDATE campaign SET unplaced = true WHERE name = ANY ($1::text[]);

-- name: timetable_stretch
-- Where the next stretch ends; null = there is none. $1 campaign, $2 the last contact seen.
SELECT max(contact_id) FROM (
    SELECT contact_id FROM enrolment WHERE campaign_id = $1 AND contact_id > $2
    ORDER BY contact_id LIMIT 250) next;

-- name: timetable
-- What waits or is under way for a stretch of contacts, where it belongs by the calendar as
-- it is now, and when the letter before it was delivered. A time that nobody set but the
-- calendar may be set anew. $1 campaign, $2 after, $3 to, $4 now. A place is written as
-- rules/places reads it.
SELECT s.id, s.step_number, s.state, s.due_at, s.not_before, s.place AS old_place,
    CASE WHEN k.calendar ->> 'timezone' = 'recipient' THEN c.timezone ELSE '' END
    || CASE WHEN k.calendar ->> 'holidays' = 'recipient' AND c.country <> ''
            THEN rtrim(' ' || c.country || '-' || c.region, '-') ELSE '' END AS place,
    s.state = 'scheduled' AND s.due_at > $4 AND s.attempts = 0
        AND (s.reason = 'window_closed'
             OR (s.reason IS NULL AND s.step_number BETWEEN 2 AND 1000)) AS is_timed,
    before.changed_at AS delivered_at
FROM enrolment e
JOIN campaign k ON k.id = e.campaign_id
JOIN contact c ON c.id = e.contact_id
JOIN send s ON s.contact_id = e.contact_id AND s.campaign_id = e.campaign_id
    AND s.state IN ('scheduled', 'held', 'leased', 'sending', 'uncertain')
LEFT JOIN send before ON before.contact_id = s.contact_id
    AND before.campaign_id = s.campaign_id AND before.step_number = s.step_number - 1
    AND before.state = 'sent' AND s.step_number BETWEEN 2 AND 1000
WHERE e.campaign_id = $1 AND e.contact_id > $2 AND e.contact_id <= $3;

-- name: place_waiting
-- Put letters where they belong; what somebody holds at this moment is left for the next
-- look. $1 campaign, then arrays: sends, their due times as read, places, due times.
WITH told AS (
    SELECT * FROM unnest($2::bigint[], $3::timestamptz[], $4::text[], $5::timestamptz[])
        AS t (id, was_due_at, place, due_at)
), queued AS (
    INSERT INTO queue (campaign_id, place)
    SELECT DISTINCT $1::integer, place FROM told ORDER BY place
    ON CONFLICT DO NOTHING
), free AS MATERIALIZED (
    SELECT s.id FROM send s
    WHERE s.id = ANY ($2::bigint[]) AND s.state IN ('scheduled', 'held')
    ORDER BY s.id FOR UPDATE SKIP LOCKED
), placed AS (
    UPDATE send s SET place = t.place, due_at = t.due_at,
        first_due_at = CASE WHEN s.due_at <> t.due_at AND s.step_number BETWEEN 2 AND 1000
                            THEN t.due_at ELSE s.first_due_at END
    FROM told t JOIN free USING (id)
    WHERE s.id = t.id AND s.due_at = t.was_due_at
    RETURNING 1)
SELECT count(*) FROM placed;

-- name: place_under_way
-- The next step of a letter that is being sent lies where the letter does. $1 send, $2 place.
UPDATE send SET place = $2
WHERE id = $1 AND state IN ('leased', 'sending', 'uncertain');

-- name: campaign_placed
-- All of it is done, if the calendar is still the same. $1 campaign, $2 calendar.
UPDATE campaign SET unplaced = false WHERE id = $1 AND calendar::text = $2;

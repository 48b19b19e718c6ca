-- What a plan would mean for people and letters: counted before anybody agrees to it.

-- name: count_followers
-- Letters that would follow a new calendar, and the follow-ups of them. $1 names, $2 now.
SELECT k.name AS campaign, count(*) AS letters,
    count(*) FILTER (WHERE s.step_number BETWEEN 2 AND 1000 AND s.state = 'scheduled'
        AND s.due_at > $2 AND s.attempts = 0
        AND (s.reason IS NULL OR s.reason = 'window_closed')) AS follow_ups
FROM campaign k JOIN send s ON s.campaign_id = k.id AND s.state IN ('scheduled', 'held')
WHERE k.name = ANY ($1::text[])
GROUP BY k.name ORDER BY k.name;

-- name: carried_grounds
-- On which grounds of consent a client's contacts are there. $1 client.
SELECT DISTINCT c.consent_basis FROM contact c JOIN client cl ON cl.id = c.client_id
WHERE cl.name = $1 AND c.consent_basis <> '';

-- name: count_finished
-- Who has had all letters of a campaign. $1 name.
SELECT count(*) FROM enrolment e JOIN campaign k ON k.id = e.campaign_id
WHERE k.name = $1 AND e.state = 'finished' AND e.reason IS DISTINCT FROM 'one_off';

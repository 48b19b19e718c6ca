-- People who were written to and have been silent for longer than their campaign waits.
-- Read by stretches of enrolments, so that each statement is short however many there are.

-- name: care_stretch
-- Where the next stretch ends; null = there is none. $1 the last enrolment seen.
SELECT max(id) FROM (SELECT id FROM enrolment WHERE id > $1 ORDER BY id LIMIT 5000) next;

-- name: silent
-- The silent of a stretch, with all that an import would need. Whoever has a letter under
-- way, or was only ever written a one-off, is not one. $1 after, $2 to, $3 campaign or
-- null, $4 now.
SELECT e.id, g.name AS campaign, g.silent_after_s, c.email, c.timezone, c.country, c.region,
    c.language, c.variables::text AS variables, c.consent_basis, c.consent_source,
    c.consent_at, s.last_at, s.waiting
FROM enrolment e
JOIN campaign g ON g.id = e.campaign_id AND NOT g.retired
JOIN contact c ON c.id = e.contact_id
CROSS JOIN LATERAL (
    SELECT max(s.dated_at) FILTER (WHERE s.state = 'sent') AS last_at,
        count(*) FILTER (WHERE s.state IN ('scheduled', 'held')) AS waiting,
        count(*) FILTER (WHERE s.state IN ('leased', 'sending', 'uncertain')) AS under_way
    FROM send s WHERE s.contact_id = e.contact_id AND s.campaign_id = e.campaign_id) s
WHERE e.id > $1 AND e.id <= $2 AND e.state IN ('active', 'finished')
  AND e.reason IS DISTINCT FROM 'one_off'
  AND ($3::integer IS NULL OR e.campaign_id = $3)
  AND s.under_way = 0 AND s.last_at < $4::timestamptz - make_interval(secs => g.silent_after_s)
  AND NOT EXISTS (SELECT FROM event v WHERE v.contact_id = c.id AND v.what = 'answered')
ORDER BY e.id;

-- name: put_aside
-- End the sequences of silent people, but of those who have answered by now.
-- $1 enrolments, $2 now. Letters first, then enrolments: so do all who end both.
WITH silent AS MATERIALIZED (
    SELECT e.id, e.contact_id, e.campaign_id FROM enrolment e
    WHERE e.id = ANY ($1::bigint[]) AND e.state IN ('active', 'finished')
      AND NOT EXISTS (SELECT FROM event v
                      WHERE v.contact_id = e.contact_id AND v.what = 'answered')
), cancelled AS (
    UPDATE send s SET state = 'cancelled', reason = 'silent', detail = NULL, changed_at = $2
    FROM silent e
    WHERE s.contact_id = e.contact_id AND s.campaign_id = e.campaign_id
      AND s.state IN ('scheduled', 'held')
    RETURNING 1
), counted AS MATERIALIZED (
    SELECT count(*) AS sends FROM cancelled
), stopped AS (
    UPDATE enrolment e SET state = 'stopped', reason = 'silent'
    FROM counted
    WHERE e.id = ANY (ARRAY(SELECT id FROM silent)) AND e.state IN ('active', 'finished')
    RETURNING counted.sends
)
SELECT (SELECT count(*) FROM stopped) AS people, (SELECT sends FROM counted) AS sends;

-- name: written_to
-- Of how many people a campaign knows that a letter went out. $1 campaign or null.
SELECT g.name, count(DISTINCT s.contact_id) AS n
FROM campaign g JOIN send s ON s.campaign_id = g.id AND s.state = 'sent'
WHERE NOT g.retired AND ($1::integer IS NULL OR g.id = $1)
GROUP BY g.name;

-- Sends that wait for a person: listed, let go on, dropped. The same choice in each:
-- $1 campaign name or null, $2 reason or null, $3 ids or null, $4 held before or null.

-- name: list_holds
-- How many there are by campaign and reason, since when, and the three oldest of each.
-- The choice.
SELECT campaign, reason, count(*) AS n, min(changed_at) AS oldest,
    coalesce(jsonb_agg(jsonb_build_object('send', id, 'step', step_number, 'contact', email,
                                          'detail', detail) ORDER BY nth)
             FILTER (WHERE nth <= 3), '[]')::text AS examples
FROM (
    SELECT s.id, s.step_number, s.changed_at, s.reason, coalesce(s.detail, '') AS detail,
        c.name AS campaign, co.email,
        row_number() OVER (PARTITION BY c.id, s.reason ORDER BY s.changed_at, s.id) AS nth
    FROM send s JOIN campaign c ON c.id = s.campaign_id JOIN contact co ON co.id = s.contact_id
    WHERE s.state = 'held'
      AND ($1::text IS NULL OR c.name = $1)
      AND ($2::text IS NULL OR s.reason = $2)
      AND ($3::bigint[] IS NULL OR s.id = ANY ($3))
      AND ($4::timestamptz IS NULL OR s.changed_at < $4)) held
GROUP BY campaign, reason ORDER BY campaign, reason;

-- name: release_held
-- Let held sends go on. The choice, $5 now.
-- One that may have arrived before goes again only because a person says so here.
WITH released AS (
    UPDATE send s SET state = 'scheduled', reason = 'released', detail = NULL,
        due_at = greatest($5, s.not_before), changed_at = $5,
        letter_sha256 = CASE WHEN s.reason = 'letter_changed' THEN NULL
                             ELSE s.letter_sha256 END
    FROM campaign c
    WHERE c.id = s.campaign_id AND s.state = 'held'
      AND ($1::text IS NULL OR c.name = $1)
      AND ($2::text IS NULL OR s.reason = $2)
      AND ($3::bigint[] IS NULL OR s.id = ANY ($3))
      AND ($4::timestamptz IS NULL OR s.changed_at < $4)
    RETURNING s.id)
SELECT count(*) FROM released;

-- name: drop_held
-- Never send held sends; a sequence ends with its letter. The choice, $5 now.
WITH dropped AS (
    UPDATE send s SET state = 'cancelled', reason = 'dropped', changed_at = $5,
        detail = concat_ws(': ', 'held as ' || s.reason, s.detail)
    FROM campaign c
    WHERE c.id = s.campaign_id AND s.state = 'held'
      AND ($1::text IS NULL OR c.name = $1)
      AND ($2::text IS NULL OR s.reason = $2)
      AND ($3::bigint[] IS NULL OR s.id = ANY ($3))
      AND ($4::timestamptz IS NULL OR s.changed_at < $4)
    RETURNING s.id, s.enrolment_id, s.content_id
), stopped AS (
    UPDATE enrolment e SET state = 'stopped', reason = 'dropped'
    FROM dropped d
    WHERE e.id = d.enrolment_id AND e.state = 'active' AND d.content_id IS NULL)
SELECT count(*) FROM dropped;

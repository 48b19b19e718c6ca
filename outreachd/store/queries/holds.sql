-- Sends that wait for a person: listed, let go on, dropped. The same choice in each:
-- $1 campaign name or null, $2 reason or null, $3 ids or null, $4 held before or null.

-- name: list_holds
-- How many there are by campaign and reason, since when, and the three oldest of each; of
-- how many no intent could be written, for want of a ground of consent or of a yes.
-- The choice.
SELECT campaign, reason, count(*) AS n, min(changed_at) AS oldest,
    count(*) FILTER (WHERE NOT is_grounded) AS groundless,
    coalesce(jsonb_agg(jsonb_build_object('send', id, 'step', step_number, 'contact', email,
                                          'detail', detail) ORDER BY nth)
             FILTER (WHERE nth <= 3), '[]')::text AS examples
FROM (
    SELECT s.id, s.step_number, s.changed_at, s.reason, coalesce(s.detail, '') AS detail,
        c.name AS campaign, co.email,
        (co.consent_basis <> '' AND (c.grounds IS NULL OR co.consent_basis = ANY (c.grounds))
            AND (c.confirmation IS NULL OR s.step_number = 0 OR co.confirmed_at IS NOT NULL))
            IS TRUE AS is_grounded,
        row_number() OVER (PARTITION BY c.id, s.reason ORDER BY s.changed_at, s.id) AS nth
    FROM send s JOIN campaign c ON c.id = s.campaign_id JOIN contact co ON co.id = s.contact_id
    WHERE s.state = 'held'
      AND ($1::text IS NULL OR c.name = $1)
      AND ($2::text IS NULL OR s.reason = $2)
      AND ($3::bigint[] IS NULL OR s.id = ANY ($3))
      AND ($4::timestamptz IS NULL OR s.changed_at < $4)) held
GROUP BY campaign, reason ORDER BY campaign, reason;

-- name: release_held
-- Let held sends go on, but for those of which no intent could be written: these would be
-- held again at once. The choice, $5 now, $6 ids above, $7 at most. Tells how many go, how
-- many stay, and after which the next part begins (null = that was all).
-- One that may have arrived before goes again only because a person says so here.
WITH chosen AS (
    SELECT s.id,
        (co.consent_basis <> '' AND (c.grounds IS NULL OR co.consent_basis = ANY (c.grounds))
            AND (c.confirmation IS NULL OR s.step_number = 0 OR co.confirmed_at IS NOT NULL))
            IS TRUE AS is_grounded
    FROM send s JOIN campaign c ON c.id = s.campaign_id JOIN contact co ON co.id = s.contact_id
    WHERE s.state = 'held'
      AND ($1::text IS NULL OR c.name = $1)
      AND ($2::text IS NULL OR s.reason = $2)
      AND ($3::bigint[] IS NULL OR s.id = ANY ($3))
      AND ($4::timestamptz IS NULL OR s.changed_at < $4)
      AND s.id > $6 ORDER BY s.id LIMIT $7
), released AS (
    UPDATE send s SET state = 'scheduled', reason = 'released', detail = NULL,
        due_at = greatest($5, s.not_before), changed_at = $5,
        letter_sha256 = CASE WHEN s.reason = 'letter_changed' THEN NULL
                             ELSE s.letter_sha256 END
    FROM chosen
    WHERE s.id = chosen.id AND chosen.is_grounded AND s.state = 'held'
    RETURNING s.id)
SELECT (SELECT count(*) FROM released) AS n,
    (SELECT count(*) FROM chosen WHERE NOT is_grounded) AS groundless,
    (SELECT CASE WHEN count(*) = $7 THEN max(id) END FROM chosen) AS next;

-- name: drop_held
-- Never send held sends; a sequence ends with its letter. As release_held.
WITH chosen AS MATERIALIZED (
    SELECT s.id FROM send s JOIN campaign c ON c.id = s.campaign_id
    WHERE s.state = 'held'
      AND ($1::text IS NULL OR c.name = $1)
      AND ($2::text IS NULL OR s.reason = $2)
      AND ($3::bigint[] IS NULL OR s.id = ANY ($3))
      AND ($4::timestamptz IS NULL OR s.changed_at < $4)
      AND s.id > $6 ORDER BY s.id LIMIT $7
), dropped AS (
    UPDATE send s SET state = 'cancelled', reason = 'dropped', changed_at = $5,
        detail = concat_ws(': ', 'held as ' || s.reason, s.detail)
    WHERE s.id = ANY (ARRAY(SELECT id FROM chosen)) AND s.state = 'held'
    RETURNING s.id, s.enrolment_id, s.content_id
), stopped AS (
    UPDATE enrolment e SET state = 'stopped', reason = 'dropped'
    FROM dropped d
    WHERE e.id = d.enrolment_id AND e.state = 'active' AND d.content_id IS NULL)
SELECT count(*) AS n, 0::bigint AS groundless,
    (SELECT CASE WHEN count(*) = $7 THEN max(id) END FROM chosen) AS next
FROM dropped;

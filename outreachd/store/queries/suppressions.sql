-- Who must not be written to: entries, what they end, who asks. suppressions_of(), in
-- the schema, says whether an address is barred; nothing here says it again.

-- name: add_suppressions
-- Enter what does not stand yet in the same scope for the same reason. Arrays, one
-- element a row: $1 targets, $2 forms, $3 client ids, $4 campaign ids, $5 reasons,
-- $6 sources, $7 instants; $8 author.
INSERT INTO suppression (target, form, client_id, campaign_id, reason, source, author, at)
SELECT t.target, t.form, t.client_id, t.campaign_id, t.reason, t.source, $8, t.at
FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::text[], $6::text[],
            $7::timestamptz[]) WITH ORDINALITY
    AS t (target, form, client_id, campaign_id, reason, source, at, place)
WHERE (SELECT count(*) FROM suppression x
       WHERE x.target = t.target AND x.undoes IS NULL AND x.reason = t.reason
         AND x.client_id IS NOT DISTINCT FROM t.client_id
         AND x.campaign_id IS NOT DISTINCT FROM t.campaign_id
         AND (SELECT count(*) FROM suppression u WHERE u.undoes = x.id) = 0) = 0
ORDER BY t.place
RETURNING id;

-- name: people_addressed
-- Whom entries of single addresses bar, and from which campaign (null = all).
-- $1 entries. OFFSET 0 keeps it a walk by address, one probe for each client.
SELECT c.id AS contact_id, x.campaign_id
FROM suppression x
CROSS JOIN LATERAL (
    SELECT c.id FROM contact c
    WHERE c.email = x.target AND c.client_id = ANY (ARRAY(
        SELECT cl.id FROM client cl WHERE x.client_id IS NULL OR cl.id = x.client_id))
    OFFSET 0) c
WHERE x.id = ANY ($1::bigint[]) AND x.form = 'address';

-- name: people_matching
-- Whom entries for many addresses bar, of a stretch of contacts. $1 entries, $2 after
-- this contact, $3 up to this one.
SELECT c.id AS contact_id, x.campaign_id
FROM contact c
JOIN suppression x ON c.email LIKE x.pattern
    AND (x.client_id IS NULL OR x.client_id = c.client_id)
WHERE c.id > $2 AND c.id <= $3
  AND x.id = ANY ($1::bigint[]) AND x.form IN ('domain', 'below', 'local', 'glob');

-- name: last_contact
SELECT coalesce(max(id), 0) FROM contact;

-- name: cancel_people
-- End what waits for people. What is leased meets the entry at its intent.
-- $1 contacts, $2 the campaign of each (null = all), $3 now.
WITH theirs AS MATERIALIZED (
    SELECT s.id, s.enrolment_id
    FROM unnest($1::bigint[], $2::integer[]) AS p (contact_id, campaign_id)
    CROSS JOIN LATERAL (
        SELECT s.id, s.enrolment_id FROM send s
        WHERE s.contact_id = p.contact_id
          AND (p.campaign_id IS NULL OR s.campaign_id = p.campaign_id)
        OFFSET 0) s
), cancelled AS (
    UPDATE send s SET state = 'suppressed', reason = 'suppressed', changed_at = $3
    WHERE s.id = ANY (ARRAY(SELECT id FROM theirs)) AND s.state IN ('scheduled', 'held')
    RETURNING 1
), stopped AS (
    UPDATE enrolment e SET state = 'stopped', reason = 'suppressed'
    WHERE e.id = ANY (ARRAY(SELECT enrolment_id FROM theirs)) AND e.state = 'active')
SELECT count(*) FROM cancelled;

-- name: enrolled_person
-- Who holds the opt-out token of an enrolment, and whether they have left. $1 enrolment.
SELECT c.id AS contact_id, c.email, c.client_id, cl.name AS client, c.language, c.country,
    EXISTS (
        SELECT FROM suppressions_of(c.email, c.client_id, NULL) x
        WHERE x.target = c.email AND x.reason = 'opt_out') AS has_left
FROM enrolment e
JOIN contact c ON c.id = e.contact_id
JOIN client cl ON cl.id = c.client_id
WHERE e.id = $1;

-- name: still_known
-- A contact, not to be erased before this transaction ends. $1 contact.
SELECT id FROM contact WHERE id = $1 FOR KEY SHARE;

-- name: suppression_of_id
-- $1 id.
SELECT reason, undoes FROM suppression WHERE id = $1;

-- name: undo_suppression
-- $1 id, $2 reason, $3 source, $4 author, $5 now.
INSERT INTO suppression
    (target, form, client_id, campaign_id, reason, source, author, at, undoes)
SELECT target, form, client_id, campaign_id, $2, $3, $4, $5, id
FROM suppression WHERE id = $1 AND undoes IS NULL
ON CONFLICT DO NOTHING
RETURNING id;

-- name: list_suppressions
-- Entries, newest first, a page at a time. $1 ids below, $2 how many, $3 client or null,
-- $4 campaign or null, $5 reason or null, $6 pattern for LIKE or null, $7 with those
-- taken back.
SELECT x.id, x.target, x.form, cl.name AS client, ca.name AS campaign, x.reason, x.source,
    x.author, x.at, u.at AS undone_at, u.author AS undone_by, u.reason AS undone_reason
FROM suppression x
LEFT JOIN client cl ON cl.id = x.client_id
LEFT JOIN campaign ca ON ca.id = x.campaign_id
LEFT JOIN suppression u ON u.undoes = x.id
WHERE x.id < $1 AND x.undoes IS NULL
  AND ($3::integer IS NULL OR x.client_id = $3)
  AND ($4::integer IS NULL OR x.campaign_id = $4)
  AND ($5::text IS NULL OR x.reason = $5)
  AND ($6::text IS NULL OR x.target LIKE $6)
  AND ($7::boolean OR u.id IS NULL)
ORDER BY x.id DESC LIMIT $2;

-- name: suppressions_barring
-- Every standing entry that bars an address from somewhere, widest first. $1 what may
-- stand for the address: itself, and its keyed hashes.
SELECT DISTINCT x.id, x.target, x.form, cl.name AS client, ca.name AS campaign, x.reason,
    x.source, x.author, x.at
FROM unnest($1::text[]) AS asked (known_as)
CROSS JOIN (SELECT NULL::integer AS client_id, NULL::integer AS campaign_id
            UNION ALL SELECT id, NULL FROM client
            UNION ALL SELECT client_id, id FROM campaign) scope
CROSS JOIN LATERAL suppressions_of(asked.known_as, scope.client_id, scope.campaign_id) x
LEFT JOIN client cl ON cl.id = x.client_id
LEFT JOIN campaign ca ON ca.id = x.campaign_id
ORDER BY x.id;

-- name: count_suppressions
-- How many stand, by level: an undoing has the scope of what it undoes.
SELECT CASE WHEN campaign_id IS NOT NULL THEN 'campaign'
            WHEN client_id IS NOT NULL THEN 'client' ELSE 'everywhere' END AS level,
    count(*) FILTER (WHERE undoes IS NULL) - count(undoes) AS n
FROM suppression GROUP BY 1;

-- name: client_of_campaign
SELECT client_id FROM campaign WHERE id = $1;

-- name: count_globs
SELECT count(*) FROM suppression x
WHERE x.form = 'glob' AND x.undoes IS NULL
  AND NOT EXISTS (SELECT FROM suppression u WHERE u.undoes = x.id);

-- name: hide_address
-- Put a keyed hash where an erased person's address stands, also in what took an entry
-- back, which no index finds by its target. $1 address, $2 hash.
WITH theirs AS MATERIALIZED (
    SELECT id FROM suppression WHERE target = $1 AND form = 'address' AND undoes IS NULL)
UPDATE suppression SET target = $2, form = 'hash'
WHERE id = ANY (ARRAY(
    SELECT id FROM theirs
    UNION ALL SELECT u.id FROM suppression u WHERE u.undoes = ANY (ARRAY(SELECT id FROM theirs))));

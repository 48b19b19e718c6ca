-- Contacts and their enrolment, a batch at a time. Arrays go in, one element a row.
-- Every statement may run twice with the same rows and changes nothing the second time.
-- Rows that two imports may both insert go in by an order, so that these never deadlock.

-- name: import_campaign
-- What an import must know of its campaign. $1 name.
SELECT c.id, c.client_id, c.calendar ->> 'timezone' = 'recipient' AS by_recipient_zone,
    coalesce(c.calendar ->> 'holidays' = 'recipient', false) AS by_recipient_holidays
FROM campaign c
WHERE c.name = $1 AND NOT c.retired;

-- name: campaign_names
-- The campaigns that an import can name.
SELECT name FROM campaign WHERE NOT retired ORDER BY name;

-- name: suppressed_emails
-- Which addresses must not be written to. $1 client, $2 campaign, $3 addresses,
-- $4 what an erased person of each address is known by: a keyed hash.
SELECT asked.email
FROM unnest($3::text[], $4::text[]) AS asked (email, mark)
WHERE EXISTS (SELECT FROM suppressions_of(asked.email, $1, $2))
   OR EXISTS (SELECT FROM suppressions_of(asked.mark, $1, $2));

-- name: put_contacts
-- Keep the persons who are new to the client; who is known stays as he was.
-- $1 client, then arrays: addresses, zones, variables, consent basis, source, instant.
INSERT INTO contact (client_id, email, timezone, variables, consent_basis, consent_source,
                     consent_at)
SELECT $1::integer, n.email, n.timezone, n.variables, n.consent_basis, n.consent_source, n.consent_at
FROM unnest($2::text[], $3::text[], $4::jsonb[], $5::text[], $6::text[], $7::timestamptz[])
    AS n (email, timezone, variables, consent_basis, consent_source, consent_at)
ORDER BY n.email
ON CONFLICT (client_id, email) DO NOTHING
RETURNING email;

-- name: enrol
-- Begin the sequence for contacts of a client: the first letter is due at once, and
-- goes out in the order of the file.
-- $1 campaign, $2 client, $3 addresses, $4 whether zones matter, $5 whether holidays do,
-- $6 now. A place is written as rules/places reads it.
WITH wanted AS (
    SELECT c.id, asked.nth,
        CASE WHEN $4::boolean THEN c.timezone ELSE '' END
        || CASE WHEN $5::boolean AND c.country <> ''
                THEN rtrim(' ' || c.country || '-' || c.region, '-') ELSE '' END AS place
    FROM unnest($3::text[]) WITH ORDINALITY AS asked (email, nth)
    JOIN contact c ON c.client_id = $2 AND c.email = asked.email
), queued AS (
    INSERT INTO queue (campaign_id, place)
    SELECT DISTINCT $1::integer, place FROM wanted ORDER BY place
    ON CONFLICT DO NOTHING
), enrolled AS (
    INSERT INTO enrolment (campaign_id, contact_id)
    SELECT $1::integer, id FROM wanted ORDER BY id
    ON CONFLICT (campaign_id, contact_id) DO NOTHING
    RETURNING id, contact_id
), sent AS (
    INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, place, due_at,
                      first_due_at, changed_at)
    SELECT $1::integer, 1, e.contact_id, e.id, w.place, $6, $6, $6
    FROM enrolled e JOIN wanted w ON w.id = e.contact_id
    ORDER BY w.nth
    ON CONFLICT (contact_id, campaign_id, step_number) DO NOTHING
)
SELECT count(*) FROM enrolled;

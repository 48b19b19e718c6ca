-- Contacts and their enrolment, a batch at a time. Arrays go in, one element a row.
-- Every statement may run twice with the same rows and changes nothing the second time.
-- Rows that two imports may both insert go in by an order, so that these never deadlock.

-- name: import_campaign
-- What an import must know of its campaign. $1 name.
SELECT c.id, c.client_id, c.calendar ->> 'timezone' = 'recipient' AS by_recipient_zone,
    coalesce(c.calendar ->> 'holidays' = 'recipient', false) AS by_recipient_holidays,
    c.hygiene::text AS hygiene, c.grounds, c.stop_company
FROM campaign c
WHERE c.name = $1 AND NOT c.retired;

-- name: hold_campaign
-- The campaign as it is now, and as it stays until this transaction ends: an `apply` and
-- an erasure wait for it (keep_out_imports). $1 campaign.
SELECT pg_advisory_xact_lock_shared(hashtext('outreachd erasure')),
    c.calendar ->> 'timezone' = 'recipient' AS by_recipient_zone,
    coalesce(c.calendar ->> 'holidays' = 'recipient', false) AS by_recipient_holidays,
    c.stop_company
FROM campaign c WHERE c.id = $1 FOR SHARE;

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

-- name: watch_companies
-- No company of a campaign is stopped unseen until this transaction ends: whoever stops
-- one waits for it (stop_companies). $1 campaign.
SELECT pg_advisory_xact_lock_shared(20250, $1);

-- name: stopped_emails
-- Who is at a company to which a campaign writes no more, and is in no sequence of it.
-- $1 campaign, $2 client, $3 addresses, $4 the company of each ('' = of none), $5 what
-- stops a company. The second reason outlives a person who was erased.
WITH stopped AS MATERIALIZED (
    SELECT asked.company
    FROM (SELECT DISTINCT company FROM unnest($4::text[]) AS company) asked
    WHERE asked.company <> '' AND EXISTS (
        SELECT FROM contact me
        JOIN enrolment own ON own.campaign_id = $1 AND own.contact_id = me.id
        WHERE me.client_id = $2 AND split_part(me.email, '@', 2) = asked.company
          AND (EXISTS (SELECT FROM event v
                       WHERE v.contact_id = me.id AND v.what = ANY ($5::text[]))
               OR (own.state = 'stopped' AND own.reason = 'company_stopped')))
)
SELECT asked.email
FROM unnest($3::text[], $4::text[]) AS asked (email, company)
JOIN stopped USING (company)
WHERE NOT EXISTS (
    SELECT FROM contact c JOIN enrolment e ON e.campaign_id = $1 AND e.contact_id = c.id
    WHERE c.client_id = $2 AND c.email = asked.email
      AND NOT (e.state = 'finished' AND e.reason = 'one_off'));

-- name: put_contacts
-- Keep the persons who are new to the client; who is known stays as he was, but for a
-- ground of consent where there was none, or none that this campaign accepts; one on which
-- another campaign writes to him stays. Tells who was touched, and whether he is new.
-- $1 client, then arrays: addresses, zones, countries, parts of them, languages, marks
-- (joined by commas), variables, consent basis, source, instant; $12 campaign.
INSERT INTO contact AS c (client_id, email, timezone, country, region, language, marks,
                          variables, consent_basis, consent_source, consent_at)
SELECT $1::integer, n.email, n.timezone, n.country, n.region, n.language,
    string_to_array(n.marks, ','), n.variables, n.consent_basis, n.consent_source,
    n.consent_at
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
            $8::jsonb[], $9::text[], $10::text[], $11::timestamptz[])
    AS n (email, timezone, country, region, language, marks, variables, consent_basis,
          consent_source, consent_at)
ORDER BY n.email
ON CONFLICT (client_id, email) DO UPDATE SET
    consent_basis = excluded.consent_basis, consent_source = excluded.consent_source,
    consent_at = excluded.consent_at
WHERE excluded.consent_basis <> ''
    AND (coalesce(c.consent_basis, '') = ''
        OR EXISTS (SELECT FROM campaign g WHERE g.id = $12::integer
                AND excluded.consent_basis = ANY (g.grounds)
                AND c.consent_basis <> ALL (g.grounds))
            AND NOT EXISTS (SELECT FROM enrolment e JOIN campaign g ON g.id = e.campaign_id
                WHERE e.contact_id = c.id AND c.consent_basis = ANY (g.grounds)
                    AND excluded.consent_basis <> ALL (g.grounds)))
RETURNING email, xmax = 0 AS is_new;

-- name: enrol
-- Begin the sequence for contacts of a client: the first letter is due at once, and
-- goes out in the order of the file, or waits for a person with a reason. Where the
-- campaign asks for a yes first, it is the letter that asks (step 0). Tells who is
-- enrolled by this, and why his letter waits ('' = it does not).
-- $1 campaign, $2 client, $3 addresses, $4 whether zones matter, $5 whether holidays do,
-- $6 now, $7 why each waits ('' = it does not), $8 the same for people, $9 what people are
-- told where there is no ground of consent. A place is written as rules/places reads it.
WITH wanted AS (
    SELECT c.id, c.email, asked.nth, asked.detail,
        CASE WHEN asked.hold <> '' THEN asked.hold
             WHEN c.consent_basis <> ''
                AND (g.grounds IS NULL OR c.consent_basis = ANY (g.grounds)) THEN ''
             ELSE 'no_consent' END AS hold,
        g.confirmation IS NOT NULL AND c.confirmed_at IS NULL AS is_asked,
        CASE WHEN $4::boolean THEN c.timezone ELSE '' END
        || CASE WHEN $5::boolean AND c.country <> ''
                THEN rtrim(' ' || c.country || '-' || c.region, '-') ELSE '' END AS place
    FROM unnest($3::text[], $7::text[], $8::text[])
        WITH ORDINALITY AS asked (email, hold, detail, nth)
    JOIN contact c ON c.client_id = $2 AND c.email = asked.email
    JOIN campaign g ON g.id = $1
), queued AS (
    INSERT INTO queue (campaign_id, place)
    SELECT DISTINCT $1::integer, place FROM wanted ORDER BY place
    ON CONFLICT DO NOTHING
), enrolled AS (
    INSERT INTO enrolment (campaign_id, contact_id, state)
    SELECT $1::integer, id, CASE WHEN is_asked THEN 'unconfirmed' ELSE 'active' END
    FROM wanted ORDER BY id
    -- Who was written to once, outside the sequence, can still begin it.
    ON CONFLICT (campaign_id, contact_id) DO UPDATE SET state = excluded.state, reason = NULL
    WHERE enrolment.state = 'finished' AND enrolment.reason = 'one_off'
    RETURNING id, contact_id
), sent AS (
    INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, place, due_at,
                      first_due_at, changed_at, state, reason, detail)
    SELECT $1::integer, CASE WHEN w.is_asked THEN 0 ELSE 1 END, e.contact_id, e.id,
        w.place, $6, $6, $6,
        CASE w.hold WHEN '' THEN 'scheduled' ELSE 'held' END, nullif(w.hold, ''),
        CASE w.hold WHEN '' THEN NULL WHEN 'no_consent' THEN $9 ELSE w.detail END
    FROM enrolled e JOIN wanted w ON w.id = e.contact_id
    ORDER BY w.nth
    ON CONFLICT (contact_id, campaign_id, step_number) DO NOTHING
)
SELECT w.email, w.hold FROM enrolled e JOIN wanted w ON w.id = e.contact_id;

-- name: known_domains
-- What the DNS said of these domains and is still believed. $1 domains, $2 the instant
-- since which a sure word counts, $3 the same for "unknown".
SELECT domain, verdict, receiver FROM mail_domain
WHERE domain = ANY ($1::text[])
  AND checked_at >= CASE verdict WHEN 'unknown' THEN $3::timestamptz ELSE $2 END;

-- name: keep_domains
-- What the DNS has said now; "unknown" never replaces a sure word.
-- $1 domains, $2 verdicts, $3 providers, $4 now.
INSERT INTO mail_domain AS d (domain, verdict, receiver, checked_at)
SELECT n.domain, n.verdict, n.receiver, $4::timestamptz
FROM unnest($1::text[], $2::text[], $3::text[]) AS n (domain, verdict, receiver)
ORDER BY n.domain
ON CONFLICT (domain) DO UPDATE SET
    verdict = excluded.verdict, receiver = excluded.receiver,
    checked_at = excluded.checked_at
WHERE excluded.verdict <> 'unknown' OR d.verdict = 'unknown';

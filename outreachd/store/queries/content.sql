-- What letters are made of beside the wordings of steps: attachments, one-off letters.

-- name: put_attachment
-- Whoever puts one is about to name it: until that is committed, none is deleted.
-- $1 digest, $2 content.
WITH held AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(hashtext('outreachd attachments')))
INSERT INTO attachment (sha256, content) SELECT $1, $2 FROM held ON CONFLICT DO NOTHING;

-- name: attachments
-- $1 digests.
SELECT sha256, content FROM attachment WHERE sha256 = ANY ($1::bytea[]);

-- name: one_off
-- $1 id.
SELECT subject, body_text, body_html, variables::text AS variables,
    attachments::text AS attachments
FROM one_off WHERE id = $1;

-- name: put_one_off
-- $1 subject, $2 text, $3 html, $4 variables, $5 attachments, $6 author, $7 now.
INSERT INTO one_off (subject, body_text, body_html, variables, attachments, author, at)
VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6, $7)
RETURNING id;

-- name: find_reader
-- A contact of the campaign's client. $1 campaign id, $2 address.
SELECT co.id AS contact_id, co.email, co.variables::text AS variables, co.language,
    co.country, coalesce(e.id, 0) AS enrolment_id,
    (SELECT s.mailbox_id FROM send s
     WHERE s.contact_id = co.id AND s.campaign_id = c.id AND s.step_number = 1) AS mailbox_id
FROM campaign c
JOIN contact co ON co.client_id = c.client_id AND co.email = $2
LEFT JOIN enrolment e ON e.campaign_id = c.id AND e.contact_id = co.id
WHERE c.id = $1;

-- name: count_readers
-- $1 campaign id.
SELECT count(*) FROM enrolment WHERE campaign_id = $1 AND state = 'active';

-- name: each_reader
-- Everybody whose sequence in a campaign is not over. $1 campaign id.
SELECT co.id AS contact_id, co.email, co.variables::text AS variables, co.language,
    co.country, e.id AS enrolment_id, NULL::integer AS mailbox_id
FROM enrolment e JOIN contact co ON co.id = e.contact_id
WHERE e.campaign_id = $1 AND e.state = 'active'
ORDER BY e.id;

-- name: lock_person
-- One order at a time for a person. Not FOR UPDATE: that would wait for an event that is
-- being noted, which may wait for an import that waits for us. $1 client, $2 address.
SELECT id FROM contact WHERE client_id = $1 AND email = $2 FOR NO KEY UPDATE;

-- name: enrol_for_one
-- Whoever is in no sequence of the campaign is in it for this letter alone: his way out
-- needs an enrolment. An import begins the sequence all the same. $1 campaign, $2 contact.
INSERT INTO enrolment (campaign_id, contact_id, state, reason)
VALUES ($1, $2, 'finished', 'one_off')
ON CONFLICT (campaign_id, contact_id) DO NOTHING;

-- name: order_send
-- Make a one-off letter due, under the next free number of the person: from the mailbox
-- that wrote to him first, if it is still in the pool. $1 campaign, $2 contact, $3 content,
-- $4 whether zones matter, $5 whether holidays do, $6 due at, $7 now, $8 what people are
-- told where there is no ground of consent, $9 where no yes was said, $10 why his letters
-- wait by what his address is ('' = they do not), $11 the same for people: until one of this
-- campaign has been sent, as then a person has agreed. A place is written as rules/places
-- reads it.
WITH person AS (
    SELECT c.id, e.id AS enrolment_id,
        CASE WHEN coalesce(c.consent_basis, '') = ''
                OR NOT (g.grounds IS NULL OR c.consent_basis = ANY (g.grounds)) THEN $8
             WHEN g.confirmation IS NOT NULL AND c.confirmed_at IS NULL THEN $9
        END::text AS no_consent,
        CASE WHEN NOT EXISTS (SELECT FROM send s WHERE s.contact_id = c.id
                AND s.campaign_id = $1 AND s.state = 'sent') THEN nullif($10, '')
        END::text AS hold,
        CASE WHEN $4::boolean THEN c.timezone ELSE '' END
        || CASE WHEN $5::boolean AND c.country <> ''
                THEN rtrim(' ' || c.country || '-' || c.region, '-') ELSE '' END AS place,
        (SELECT s.mailbox_id FROM send s
         JOIN campaign_mailbox cm ON cm.campaign_id = $1 AND cm.mailbox_id = s.mailbox_id
         WHERE s.contact_id = c.id AND s.campaign_id = $1
         ORDER BY s.step_number LIMIT 1) AS mailbox_id,
        (SELECT greatest(max(s.step_number), 1000) + 1 FROM send s
         WHERE s.contact_id = c.id AND s.campaign_id = $1) AS number
    FROM contact c
    JOIN enrolment e ON e.campaign_id = $1 AND e.contact_id = c.id
    JOIN campaign g ON g.id = $1
    WHERE c.id = $2
), queued AS (
    INSERT INTO queue (campaign_id, place) SELECT $1, place FROM person
    ON CONFLICT DO NOTHING
)
INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, place, mailbox_id,
                  content_id, due_at, first_due_at, changed_at, state, reason, detail)
SELECT $1, coalesce(number, 1001), id, enrolment_id, place, mailbox_id, $3, $6, $6, $7,
    CASE WHEN coalesce(hold, no_consent) IS NULL THEN 'scheduled' ELSE 'held' END,
    coalesce(hold, CASE WHEN no_consent IS NOT NULL THEN 'no_consent' END),
    CASE WHEN hold IS NOT NULL THEN $11 ELSE no_consent END
FROM person
RETURNING id, step_number, state, reason, detail;

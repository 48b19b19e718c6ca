-- What letters are made of beside the wordings of steps: attachments, one-off letters.

-- name: put_attachment
-- $1 digest, $2 content.
INSERT INTO attachment (sha256, content) VALUES ($1, $2) ON CONFLICT DO NOTHING;

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
SELECT co.id AS contact_id, co.email, co.variables::text AS variables,
    coalesce(e.id, 0) AS enrolment_id,
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
SELECT co.id AS contact_id, co.email, co.variables::text AS variables,
    e.id AS enrolment_id, NULL::integer AS mailbox_id
FROM enrolment e JOIN contact co ON co.id = e.contact_id
WHERE e.campaign_id = $1 AND e.state = 'active'
ORDER BY e.id;

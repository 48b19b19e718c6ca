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

-- Mails that came back: which letter each is about, and that each is acted on once.

-- name: letter_by_id
-- $1 send.
SELECT s.id AS send_id, s.contact_id, s.enrolment_id, s.campaign_id, s.mailbox_id, s.state,
    s.reason, s.attempt_id, s.dated_at, c.email, c.client_id, m.domain_id, a.account_id
FROM send s
JOIN contact c ON c.id = s.contact_id
JOIN mailbox m ON m.id = s.mailbox_id
LEFT JOIN attempt a ON a.id = s.attempt_id
WHERE s.id = $1;

-- name: send_of_enrolment
-- The newest letter of an enrolment, for a token that names no letter. $1 enrolment.
SELECT id FROM send WHERE enrolment_id = $1 AND message_id IS NOT NULL
ORDER BY dated_at DESC LIMIT 1;

-- name: sends_by_message_id
-- $1 Message-IDs.
SELECT id, message_id FROM send WHERE message_id = ANY ($1::text[]);

-- name: sends_to_people
-- Letters of the last days to some addresses, from the mailbox that got the mail, or from
-- any if that is not known. $1 addresses, $2 mailbox or null, $3 since. OFFSET 0 keeps it
-- a walk by address, one probe for each client.
SELECT s.id, c.email, s.dated_at
FROM client cl
CROSS JOIN LATERAL (
    SELECT c.id, c.email FROM contact c
    WHERE c.client_id = cl.id AND c.email = ANY ($1::text[]) OFFSET 0) c
JOIN send s ON s.contact_id = c.id
WHERE s.message_id IS NOT NULL AND s.dated_at >= $3
  AND ($2::integer IS NULL OR s.mailbox_id = $2);

-- name: put_notice
-- Keep a notice, once; tells its row, and whether it was acted on before. If the person
-- was erased since he was found, it is one about nobody. $1 fingerprint,
-- $2 now, $3 source, $4 kind, $5 detail, $6 class, $7 status, $8 diagnostic,
-- $9 return date, $10 send, $11 contact, $12 campaign, $13 mailbox, $14 domain,
-- $15 account, $16 evidence.
INSERT INTO notice AS n (fingerprint, at, source, kind, detail, class, status, diagnostic,
    return_date, send_id, contact_id, campaign_id, mailbox_id, domain_id, account_id, evidence)
SELECT $1::bytea, $2::timestamptz, $3::text, $4::text, $5::text, $6::text, $7::text,
    CASE WHEN is_known THEN $8::text END, $9::date, CASE WHEN is_known THEN $10::bigint END,
    CASE WHEN is_known THEN $11::bigint END, $12::integer, $13::integer, $14::integer,
    $15::integer, $16::text
FROM (SELECT $11::bigint IS NULL
    OR EXISTS (SELECT FROM contact WHERE id = $11::bigint FOR KEY SHARE) AS is_known) person
ON CONFLICT (fingerprint) DO UPDATE SET source = n.source
RETURNING id, acted_at IS NOT NULL AS is_done;

-- name: notice_done
-- Tells nothing where somebody else was done with it before. $1 notice, $2 what was done,
-- $3 now.
UPDATE notice SET action = $2, acted_at = $3 WHERE id = $1 AND acted_at IS NULL
RETURNING id;

-- name: end_of_letter
-- The enrolment of a letter that was lost on its way. $1 send.
SELECT enrolment_id AS id, contact_id FROM send WHERE id = $1;

-- name: count_notices
-- What came back since. $1 since.
SELECT kind, count(*) AS n FROM notice WHERE at >= $1 GROUP BY kind ORDER BY kind;

-- name: settle_arrived
-- Something came back that proves a letter without an answer arrived. If nothing is to
-- follow it, it is sent; else it says so to the person who must look, since only the
-- server's answer could have set off the next step. A resend that waits does not go: the
-- newest attempt tells. $1 send, $2 what proved it, $3 now, $4 whether the sequence ends
-- by it.
WITH settled AS (
    UPDATE send s
    SET state = CASE WHEN last.is_last THEN 'sent'
                     WHEN s.state = 'uncertain' THEN s.state ELSE 'held' END,
        reason = CASE WHEN last.is_last THEN $2
                      WHEN s.state IN ('scheduled', 'leased') THEN 'uncertain'
                      ELSE s.reason END,
        term = NULL, changed_at = $3,
        detail = 'it has arrived, as what came back shows (' || $2
            || '): releasing it would send it twice'
    FROM (SELECT $4::boolean OR NOT EXISTS (
            SELECT FROM step t JOIN send me ON me.id = $1
            WHERE t.campaign_id = me.campaign_id AND t.number > me.step_number) AS is_last) last
    WHERE s.id = $1
      AND (s.state = 'uncertain' OR (
        s.state IN ('held', 'scheduled', 'leased')
        AND (SELECT a.outcome FROM attempt a WHERE a.id = s.attempt_id) = 'uncertain'))
    RETURNING s.attempt_id, s.enrolment_id, last.is_last
), ended AS (
    UPDATE attempt a SET outcome = 'sent', ended_at = $3, reason = $2
    FROM settled WHERE a.id = settled.attempt_id AND a.outcome IN ('uncertain', 'held')
)
UPDATE enrolment e SET state = 'finished', reason = $2
FROM settled
WHERE e.id = settled.enrolment_id AND e.state = 'active' AND settled.is_last AND NOT $4;

-- Who has said yes: the answer to the letter of a double opt-in.

-- name: asked_person
-- Who holds the confirmation token of an enrolment. $1 enrolment.
SELECT cl.name AS client, c.language, c.country, c.confirmed_at IS NOT NULL AS has_said_yes
FROM enrolment e
JOIN contact c ON c.id = e.contact_id
JOIN client cl ON cl.id = c.client_id
WHERE e.id = $1;

-- name: lock_asked
-- Wait for an import that asks the person for the same yes: it counts for that too. $1
-- enrolment.
SELECT c.id FROM contact c JOIN enrolment e ON e.contact_id = c.id
WHERE e.id = $1 FOR NO KEY UPDATE OF c;

-- name: confirm_person
-- Keep the yes, and begin each sequence of the client that waits for it, from the
-- mailbox that asked. $1 enrolment, $2 now.
WITH person AS (
    UPDATE contact c SET confirmed_at = $2
    FROM enrolment e
    WHERE e.id = $1 AND c.id = e.contact_id AND c.confirmed_at IS NULL
    RETURNING c.id
), begun AS (
    UPDATE enrolment e SET state = 'active'
    FROM person p
    WHERE e.contact_id = p.id AND e.state = 'unconfirmed'
    RETURNING e.id, e.campaign_id, e.contact_id
), queued AS (
    INSERT INTO queue (campaign_id, place)
    SELECT b.campaign_id, asked.place
    FROM begun b JOIN send asked ON asked.enrolment_id = b.id AND asked.step_number = 0
    ON CONFLICT DO NOTHING
), answered AS (
    -- It waits in other campaigns of the client: nobody need ask again.
    UPDATE send s SET state = 'cancelled', reason = 'confirmed', changed_at = $2
    FROM begun b
    WHERE s.enrolment_id = b.id AND s.step_number = 0 AND s.state IN ('scheduled', 'held')
)
INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, place, mailbox_id,
                  due_at, first_due_at, changed_at)
SELECT b.campaign_id, 1, b.contact_id, b.id, asked.place, asked.mailbox_id, $2, $2, $2
FROM begun b JOIN send asked ON asked.enrolment_id = b.id AND asked.step_number = 0
ON CONFLICT (contact_id, campaign_id, step_number) DO NOTHING
RETURNING id;

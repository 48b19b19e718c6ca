-- The life of a send in SQL: claim, intent, outcome, return, recovery.
-- Each statement works on a whole batch: rows go in as one JSON array, which costs the
-- daemon a tenth of what a parameter for each column does. ANY (ARRAY(...)) makes the
-- planner find rows by their ids, whatever it believes of the tables; coalesce() around
-- the state keeps it off send_open, which is small but full of dead entries.

-- name: claim_lanes
-- Lease due rows that are bound to mailboxes. $1 mailbox ids, $2 counts, $3 now, $4 term.
-- ANY(ARRAY(...)) keeps it an index walk; a join to the same rows makes the planner
-- guess a hundred thousand of them and merge the whole table.
UPDATE send SET state = 'leased', term = $4, changed_at = $3
FROM contact
WHERE contact.id = send.contact_id
  AND send.id = ANY (ARRAY(
    SELECT due.id
    FROM unnest($1::integer[], $2::integer[]) AS lane (mailbox_id, slots)
    CROSS JOIN LATERAL (
        SELECT s.id FROM send s
        WHERE s.mailbox_id = lane.mailbox_id AND s.state = 'scheduled' AND s.due_at <= $3
        ORDER BY s.due_at, s.id LIMIT lane.slots FOR UPDATE SKIP LOCKED) due))
  AND EXISTS (SELECT FROM lease WHERE lease.name = 'fleet' AND lease.term = $4)
RETURNING send.id, send.campaign_id, send.step_number, send.enrolment_id, send.contact_id,
    contact.email, contact.language, contact.country,
    contact.variables::text AS variables, send.place, send.mailbox_id,
    send.due_at, send.first_due_at, send.attempts, send.message_id, send.dated_at,
    send.letter_sha256, send.thread, send.thread_subject, send.variant, send.content_id,
    EXISTS (SELECT FROM suppressions_of(contact.email, contact.client_id, send.campaign_id))
        AS is_suppressed;

-- name: claim_queues
-- Lease due first touches. $1 campaign ids, $2 places, $3 counts, $4 now, $5 term.
UPDATE send SET state = 'leased', term = $5, changed_at = $4
FROM contact
WHERE contact.id = send.contact_id
  AND send.id = ANY (ARRAY(
    SELECT due.id
    FROM unnest($1::integer[], $2::text[], $3::integer[]) AS queue (campaign_id, place, slots)
    CROSS JOIN LATERAL (
        SELECT s.id FROM send s
        WHERE s.campaign_id = queue.campaign_id AND s.place = queue.place
          AND s.mailbox_id IS NULL AND s.state = 'scheduled' AND s.due_at <= $4
        ORDER BY s.due_at, s.id LIMIT queue.slots FOR UPDATE SKIP LOCKED) due))
  AND EXISTS (SELECT FROM lease WHERE lease.name = 'fleet' AND lease.term = $5)
RETURNING send.id, send.campaign_id, send.step_number, send.enrolment_id, send.contact_id,
    contact.email, contact.language, contact.country,
    contact.variables::text AS variables, send.place, send.mailbox_id,
    send.due_at, send.first_due_at, send.attempts, send.message_id, send.dated_at,
    send.letter_sha256, send.thread, send.thread_subject, send.variant, send.content_id,
    EXISTS (SELECT FROM suppressions_of(contact.email, contact.client_id, send.campaign_id))
        AS is_suppressed;

-- name: next_due_lanes
-- When each mailbox's earliest bound row is due. $1 mailbox ids.
SELECT lane.mailbox_id,
    (SELECT s.due_at FROM send s
     WHERE s.mailbox_id = lane.mailbox_id AND s.state = 'scheduled'
     ORDER BY s.due_at LIMIT 1) AS due_at
FROM unnest($1::integer[]) AS lane (mailbox_id);

-- name: next_due_queues
-- When each queue's earliest first touch is due. $1 campaign ids, $2 places.
SELECT queue.campaign_id, queue.place,
    (SELECT s.due_at FROM send s
     WHERE s.campaign_id = queue.campaign_id AND s.place = queue.place
       AND s.mailbox_id IS NULL AND s.state = 'scheduled'
     ORDER BY s.due_at LIMIT 1) AS due_at
FROM unnest($1::integer[], $2::text[]) AS queue (campaign_id, place);

-- name: begin_attempts
-- Write intents: what the ledger says to each, by its place, and at place 0 of all of
-- them: fenced, lost (another owns the fleet) or stale (ask again). $1 the intents, JSON,
-- $2 term, $3 owner. One statement has one picture of the tables: `seen` is the count of
-- gates in it, `fence` the count as locked now. If they agree, no pause or opt-out has
-- been committed in between, and none can be until this is. The lease is judged by the
-- database's own clock. A cap that would be exceeded breaks usage_within_cap and with it
-- the whole statement.
WITH fence AS MATERIALIZED (
    SELECT gates FROM lease
    WHERE name = 'fleet' AND owner = $3 AND term = $2 AND lease_until > clock_timestamp()
    FOR SHARE
), seen AS MATERIALIZED (
    SELECT gates FROM lease WHERE name = 'fleet'
), asked AS (
    SELECT a.*,
        (a.charges->0->>'day')::date AS mailbox_day,
        (a.charges->0->>'cap')::integer AS mailbox_cap,
        (a.charges->1->>'day')::date AS domain_day,
        (a.charges->1->>'cap')::integer AS domain_cap,
        (a.charges->2->>'day')::date AS account_day,
        (a.charges->2->>'cap')::integer AS account_cap,
        (a.charges->3->>'day')::date AS client_day,
        (a.charges->3->>'cap')::integer AS client_cap
    FROM ROWS FROM (jsonb_to_recordset($1::text::jsonb) AS (
        send_id bigint, attempt_id uuid, mailbox_id integer, account_id integer,
        domain_id integer, client_id integer, campaign_id integer, at timestamptz,
        message_id text, dated_at timestamptz, letter_sha256 text, charges jsonb,
        variant text))
        WITH ORDINALITY AS a (send_id, attempt_id, mailbox_id, account_id, domain_id,
            client_id, campaign_id, at, message_id, dated_at, letter_sha256, charges,
            variant, place)
), mine AS (
    SELECT a.*, c.email,
        (c.consent_basis <> '' AND (g.grounds IS NULL OR c.consent_basis = ANY (g.grounds))
            AND (g.confirmation IS NULL OR s.step_number = 0 OR c.confirmed_at IS NOT NULL))
            IS TRUE AS is_consented
    FROM asked a
    JOIN send s ON s.id = a.send_id AND s.id = ANY (ARRAY(SELECT send_id FROM asked))
        AND coalesce(s.state) = 'leased' AND s.term = $2
    JOIN contact c ON c.id = s.contact_id
    JOIN campaign g ON g.id = s.campaign_id
    WHERE EXISTS (SELECT FROM fence JOIN seen USING (gates))
    FOR UPDATE OF s
), judged AS (
    SELECT m.*,
        CASE
        WHEN EXISTS (
            SELECT FROM (VALUES ('fleet', 0),
                ('client', m.client_id), ('campaign', m.campaign_id),
                ('domain', m.domain_id), ('mailbox', m.mailbox_id), ('account', m.account_id))
                AS scope (kind, target_id)
            JOIN pause p ON p.kind = scope.kind AND p.target_id = scope.target_id
            WHERE p.until IS NULL OR p.until > m.at) THEN 'paused'
        WHEN EXISTS (
            SELECT FROM suppressions_of(m.email, m.client_id, m.campaign_id))
            THEN 'suppressed'
        WHEN NOT m.is_consented THEN 'no_consent'
        ELSE 'granted' END AS answer
    FROM mine m
), begun AS (
    UPDATE send s
    SET state = 'sending', attempt_id = j.attempt_id, attempts = s.attempts + 1,
        mailbox_id = j.mailbox_id, message_id = j.message_id, dated_at = j.dated_at,
        letter_sha256 = decode(j.letter_sha256, 'base64'), variant = j.variant,
        changed_at = j.at
    FROM judged j
    WHERE s.id = j.send_id AND j.answer = 'granted'
), tried AS (
    INSERT INTO attempt (id, send_id, mailbox_id, account_id, domain_id, started_at)
    SELECT attempt_id, send_id, mailbox_id, account_id, domain_id, at
    FROM judged WHERE answer = 'granted'
), counted AS (
    INSERT INTO usage (kind, target_id, day, n, cap)
    SELECT charge.kind, charge.target_id, charge.day, count(*), max(charge.cap)
    FROM judged j
    CROSS JOIN LATERAL (VALUES
        ('mailbox', j.mailbox_id, j.mailbox_day, j.mailbox_cap),
        ('domain', j.domain_id, j.domain_day, j.domain_cap),
        ('account', j.account_id, j.account_day, j.account_cap),
        ('client', j.client_id, j.client_day, j.client_cap),
        ('campaign', j.campaign_id, j.client_day, 2147483647))  -- counted for its share
        AS charge (kind, target_id, day, cap)
    WHERE j.answer = 'granted'
    GROUP BY charge.kind, charge.target_id, charge.day
    ORDER BY charge.kind, charge.target_id, charge.day
    ON CONFLICT (kind, target_id, day)
    DO UPDATE SET n = usage.n + excluded.n, cap = excluded.cap
)
SELECT place, answer FROM judged
UNION ALL
SELECT 0, CASE
    WHEN NOT EXISTS (SELECT FROM fence) THEN 'lost'
    WHEN NOT EXISTS (SELECT FROM fence JOIN seen USING (gates)) THEN 'stale'
    ELSE 'fenced' END;

-- name: record_outcomes
-- Settle attempts, each once: the newest attempt of a send that is being sent, or
-- late proof for one that was given up as uncertain, also where it waits for a person
-- or to be sent again: told by the attempt, since a row's reason changes while it waits.
-- Where nobody but the owner was lost, and it says now how it ended, that is how it ended.
-- Sets off the next step, ends a finished enrolment, suppresses an address that does not
-- exist. $1 outcomes, JSON.
-- What happened to the person meanwhile stands in the row itself (stop, not_before): a
-- row that was changed meanwhile is read anew here, other tables are not.
WITH told AS (
    SELECT t.*,
        (t.next_step->>'step_number')::smallint AS next_number,
        (t.next_step->>'due_at')::timestamptz AS next_due_at,
        t.next_step->>'thread' AS next_thread,
        t.next_step->>'thread_subject' AS next_subject
    FROM json_to_recordset($1::text::json) AS t (
        send_id bigint, attempt_id uuid, state text, at timestamptz, due_at timestamptz,
        phase text, code integer, text text, reason text, suppress boolean, next_step json)
), settled AS (
    UPDATE send s
    SET state = CASE WHEN t.state IN ('scheduled', 'held') AND s.stop IS NOT NULL
                     THEN 'cancelled' ELSE t.state END,
        reason = CASE WHEN t.state IN ('scheduled', 'held')
                      THEN coalesce(s.stop, t.reason) ELSE t.reason END,
        due_at = greatest(coalesce(t.due_at, s.due_at), s.not_before),
        detail = t.text, changed_at = t.at, term = NULL
    FROM told t
    WHERE s.id = t.send_id AND s.id = ANY (ARRAY(SELECT send_id FROM told))
      AND s.attempt_id = t.attempt_id
      AND (s.state = 'sending'
           OR (s.state = 'uncertain' AND s.reason = 'owner_lost')
           OR (t.state IN ('sent', 'failed')
               AND (s.state = 'uncertain'
                    OR (s.state = 'cancelled' AND s.stop IS NOT NULL)
                    OR (s.state IN ('held', 'scheduled', 'leased')
                        AND (SELECT a.outcome IS NULL OR a.outcome = 'uncertain'
                             FROM attempt a WHERE a.id = t.attempt_id)))))
    RETURNING s.id, s.campaign_id, s.contact_id, s.enrolment_id, s.place, s.mailbox_id,
        s.stop, s.not_before, s.content_id, t.state, t.at, t.suppress, t.reason,
        t.next_number, t.next_due_at, t.next_thread, t.next_subject
), ended AS (
    UPDATE attempt a
    SET ended_at = t.at, outcome = t.state, phase = t.phase, code = t.code,
        reply = t.text, reason = t.reason
    FROM told t
    WHERE a.id = t.attempt_id AND a.id = ANY (ARRAY(SELECT attempt_id FROM told))
      AND (a.outcome IS NULL OR a.outcome = 'uncertain')
), followed AS (
    INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, place, mailbox_id,
                      due_at, first_due_at, thread, thread_subject, changed_at)
    SELECT o.campaign_id, o.next_number, o.contact_id, o.enrolment_id, o.place, o.mailbox_id,
           greatest(o.next_due_at, o.not_before), greatest(o.next_due_at, o.not_before),
           o.next_thread, o.next_subject, o.at
    FROM settled o
    JOIN enrolment e ON e.id = o.enrolment_id AND e.state = 'active'
    WHERE o.state = 'sent' AND o.next_number IS NOT NULL AND o.stop IS NULL
    ON CONFLICT (contact_id, campaign_id, step_number) DO NOTHING
), finished AS (
    UPDATE enrolment e
    SET state = CASE WHEN o.state = 'sent' THEN 'finished' ELSE 'stopped' END,
        reason = o.reason
    FROM settled o
    WHERE e.id = o.enrolment_id AND e.state = 'active'
      AND o.content_id IS NULL  -- a one-off letter ends no sequence
      AND ((o.state = 'sent' AND o.next_number IS NULL) OR o.state = 'failed')
)
INSERT INTO suppression (target, reason, source, author, at)
SELECT DISTINCT ON (c.email) c.email, o.reason, 'smtp reply', 'outreachd', o.at
FROM settled o JOIN contact c ON c.id = o.contact_id
WHERE o.suppress AND NOT EXISTS (SELECT FROM suppressions_of(c.email, NULL, NULL));

-- name: give_back
-- Return leased rows for which no intent was written. $1 rows, JSON, $2 now, $3 term.
WITH told AS (
    SELECT * FROM json_to_recordset($1::text::json) AS t (
        send_id bigint, state text, due_at timestamptz, reason text, detail text,
        tried boolean, mailbox_id integer, suppress boolean)
), returned AS (
    UPDATE send s
    SET state = t.state, due_at = coalesce(t.due_at, s.due_at), term = NULL,
        reason = t.reason, detail = t.detail, changed_at = $2,
        attempts = s.attempts + t.tried::integer,
        mailbox_id = CASE WHEN t.tried THEN t.mailbox_id ELSE s.mailbox_id END
    FROM told t
    WHERE s.id = t.send_id AND s.id = ANY (ARRAY(SELECT send_id FROM told))
      AND coalesce(s.state) = 'leased' AND s.term = $3
    RETURNING s.contact_id, s.enrolment_id, s.content_id, t.state, t.reason, t.suppress
), stopped AS (
    UPDATE enrolment e SET state = 'stopped', reason = r.reason
    FROM returned r
    WHERE e.id = r.enrolment_id AND e.state = 'active'
      AND r.state IN ('failed', 'suppressed', 'expired')
      AND (r.content_id IS NULL OR r.state = 'suppressed')
)
INSERT INTO suppression (target, reason, source, author, at)
SELECT DISTINCT ON (c.email) c.email, r.reason, 'smtp reply', 'outreachd', $2
FROM returned r JOIN contact c ON c.id = r.contact_id
WHERE r.suppress AND NOT EXISTS (SELECT FROM suppressions_of(c.email, NULL, NULL));

-- name: expire_stale
-- End what waits and is of no use any more, the oldest first, so that nothing of it is
-- claimed, and nothing that cannot be claimed (paused, closed, full) waits for ever.
-- $1 now, $2 at most of each queue and each lane. Rows that were tried again since are
-- judged when they are claimed.
WITH limited AS (
    SELECT id, $1::timestamptz - useful_for_s * interval '1 second' AS horizon, useful_for_s
    FROM campaign WHERE useful_for_s IS NOT NULL
), stale AS (
    SELECT found.id, l.useful_for_s FROM limited l
    JOIN queue q ON q.campaign_id = l.id
    CROSS JOIN LATERAL (
        SELECT s.id FROM send s
        WHERE s.campaign_id = q.campaign_id AND s.place = q.place
          AND s.mailbox_id IS NULL AND s.state = 'scheduled' AND s.due_at < l.horizon
        ORDER BY s.due_at LIMIT $2 FOR UPDATE SKIP LOCKED) found
    UNION ALL
    SELECT found.id, l.useful_for_s FROM limited l
    JOIN campaign_mailbox cm ON cm.campaign_id = l.id
    CROSS JOIN LATERAL (
        SELECT s.id FROM send s
        WHERE s.mailbox_id = cm.mailbox_id AND s.state = 'scheduled'
          AND s.due_at < l.horizon AND s.campaign_id = l.id
        ORDER BY s.due_at LIMIT $2 FOR UPDATE SKIP LOCKED) found
), expired AS (
    UPDATE send s SET state = 'expired', reason = 'too_late', changed_at = $1,
        detail = 'it was of use until ' || to_char(
            (s.first_due_at + stale.useful_for_s * interval '1 second') AT TIME ZONE 'UTC',
            'YYYY-MM-DD"T"HH24:MI"+00:00"')
    FROM stale WHERE s.id = stale.id AND s.id = ANY (ARRAY(SELECT id FROM stale))
    RETURNING s.enrolment_id, s.content_id
), stopped AS (
    UPDATE enrolment e SET state = 'stopped', reason = 'too_late'
    FROM expired x
    WHERE e.id = x.enrolment_id AND e.state = 'active' AND x.content_id IS NULL)
SELECT count(*) FROM expired;

-- name: give_back_strays
-- Rows this term has leased that nobody works on: the claim's answer was lost.
-- $1 now, $2 term, $3 sends under way.
WITH gone AS (
    UPDATE send SET state = 'scheduled', term = NULL, changed_at = $1
    WHERE state = 'leased' AND term = $2 AND id <> ALL ($3::bigint[]) RETURNING 1)
SELECT count(*) FROM gone;

-- name: recover_leased
-- What a dead owner claimed but did not begin was never handed over. $1 now, $2 term.
WITH gone AS (
    UPDATE send SET state = 'scheduled', term = NULL, changed_at = $1
    WHERE state = 'leased' AND term < $2 RETURNING 1)
SELECT count(*) FROM gone;

-- name: recover_sending
-- What a dead owner began may have arrived: uncertain, never scheduled. $1 now, $2 term.
WITH gone AS (
    UPDATE send SET state = 'uncertain', term = NULL, changed_at = $1, reason = 'owner_lost',
        detail = 'the daemon that was sending it ended, or lost its lease, before the server''s '
                 'answer was recorded'
    WHERE state = 'sending' AND term < $2 RETURNING attempt_id
), ended AS (
    UPDATE attempt a SET outcome = 'uncertain', reason = 'owner_lost'
    FROM gone WHERE a.id = gone.attempt_id AND a.outcome IS NULL)
SELECT count(*) FROM gone;

-- name: hold_forgotten
-- Let a person look at letters that were begun and of which this database has forgotten
-- that, or how they ended: it may have become another one by a failover. Arrays, one
-- element a letter: $1 sends, $2 attempts, $3 whether the end was told; $4 now.
WITH told AS (
    SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::boolean[])
        AS t (send_id, attempt_id, has_ended)
), forgotten AS (
    SELECT t.* FROM told t
    LEFT JOIN attempt a ON a.id = t.attempt_id AND a.id = ANY ($2::uuid[])
    WHERE a.id IS NULL OR (t.has_ended AND a.outcome IS NULL)
), held AS (
    UPDATE send s
    SET state = 'held', reason = 'uncertain', term = NULL, changed_at = $4,
        detail = 'it was handed over, and the database has forgotten that: '
                 'releasing it may send it twice'
    WHERE s.id = ANY (ARRAY(SELECT send_id FROM forgotten))
      AND (coalesce(s.state) IN ('scheduled', 'leased')
           OR (coalesce(s.state) = 'sending'
               AND s.attempt_id = ANY (ARRAY(
                   SELECT attempt_id FROM forgotten WHERE has_ended))))
    RETURNING 1)
SELECT count(*) FROM held;

-- name: settle_uncertain
-- The campaign's policy, after the grace: wait for a person, or once again, but never
-- again by itself where something came back that names the letter: it has arrived.
-- $1 now, $2 uncertain since before, $3 sends whose letters may be accepted any moment.
WITH doubted AS (
    SELECT s.id, (SELECT count(*) FROM notice n WHERE n.send_id = s.id
                  AND n.evidence IN ('token', 'message_id')) > 0 AS has_arrived
    FROM send s
    WHERE s.state = 'uncertain' AND s.changed_at <= $2 AND s.id <> ALL ($3::bigint[])
), judged AS (
    SELECT d.id, d.has_arrived, c.on_uncertain = 'resend' AND s.resends = 0
        AND s.stop IS NULL AND NOT d.has_arrived AS goes_again
    FROM doubted d JOIN send s ON s.id = d.id JOIN campaign c ON c.id = s.campaign_id
), settled AS (
    UPDATE send s
    SET state = CASE WHEN s.stop IS NOT NULL THEN 'cancelled'
                     WHEN j.goes_again THEN 'scheduled' ELSE 'held' END,
        resends = s.resends + j.goes_again::integer,
        due_at = greatest($1, s.not_before), changed_at = $1,
        reason = coalesce(s.stop, 'uncertain'),
        detail = CASE WHEN j.has_arrived THEN 'it has arrived, as what came back shows: '
                                              'releasing it would send it twice'
                      ELSE s.detail END
    FROM judged j
    -- What has changed since it was judged, such as by a proof, is judged again later.
    WHERE s.id = j.id AND s.state = 'uncertain' AND s.changed_at <= $2
    RETURNING s.state)
SELECT state, count(*) AS n FROM settled GROUP BY state;

-- name: queues
-- The first-touch queues that exist.
SELECT q.campaign_id, q.place FROM queue q JOIN campaign c ON c.id = q.campaign_id
WHERE NOT c.retired;

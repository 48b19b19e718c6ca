-- The fleet: read as it stands, and changed into what is wanted, a kind at a time.
-- Rows go in as one JSON array, so that 12 000 mailboxes are one statement.
-- Names become ids here; passwords never pass through these parameters unsealed.

-- name: lock_fleet
-- One apply at a time; readers, imports and sends are not in its way.
LOCK TABLE client IN SHARE ROW EXCLUSIVE MODE;

-- name: present_clients
SELECT name, share, daily_limit, postal_address, contact_url, timezone, retired
FROM client;

-- name: present_accounts
SELECT id, name, kind, host, port, tls, username, auth, rate_per_second, daily_limit,
    max_connections, timezone, imap::text AS imap, receiver_rates::text AS receiver_rates,
    retired
FROM account;

-- name: present_domains
SELECT d.name, d.daily_limit, d.rate_per_minute, d.ramp_start, d.ramp_end, d.ramp_days,
    d.timezone, d.bounces_at, d.dkim::text AS dkim, d.retired,
    ARRAY(SELECT a.name FROM unnest(d.account_ids) WITH ORDINALITY AS way (id, place)
          JOIN account a ON a.id = way.id ORDER BY way.place) AS accounts
FROM domain d;

-- name: present_mailboxes
SELECT id, address, name, daily_limit, hourly_limit, min_gap_s, jitter,
    workday_start_min, workday_end_min, timezone, ramp_start, ramp_end, ramp_days,
    signature, tags, username, auth, imap::text AS imap, retired
FROM mailbox;

-- name: present_inboxes
SELECT id, name, imap::text AS imap, username, auth, retired FROM inbox;

-- name: present_campaigns
SELECT c.name, cl.name AS client, c.direction, c.share, c.pool::text AS pool,
    c.calendar::text AS calendar, c.on_uncertain, c.useful_for_s, c.retired,
    c.stop_company, c.first_touch_share, c.mailbox_gone,
    c.hygiene::text AS hygiene, c.silent_after_s, c.grounds,
    c.confirmation::text AS confirmation,
    ARRAY(SELECT m.address FROM campaign_mailbox cm JOIN mailbox m ON m.id = cm.mailbox_id
          WHERE cm.campaign_id = c.id) AS mailboxes
FROM campaign c
JOIN client cl ON cl.id = c.client_id;

-- name: present_steps
SELECT c.name AS campaign, s.number, s.subject, s.body_text, s.body_html, s.delay,
    s.delay_unit, s.attachments::text AS attachments
FROM step s
JOIN campaign c ON c.id = s.campaign_id
ORDER BY s.campaign_id, s.number;

-- name: present_variants
SELECT c.name AS campaign, v.number, v.name, v.weight, v.subject, v.body_text, v.body_html
FROM variant v
JOIN campaign c ON c.id = v.campaign_id
ORDER BY v.campaign_id, v.number, v.place;

-- name: present_secrets
-- Passwords only: the keys that sign are not of the fleet file.
SELECT kind, target_id, ciphertext FROM secret WHERE kind IN ('account', 'mailbox', 'inbox');

-- name: unknown_zone
-- A zone that the server does not know: a statement that reckons days by it would fail
-- for the whole fleet. $1 names.
SELECT z FROM unnest($1::text[]) z
WHERE NOT EXISTS (SELECT FROM pg_timezone_names n WHERE n.name = z)
ORDER BY z LIMIT 1;

-- name: put_clients
INSERT INTO client (name, share, daily_limit, postal_address, contact_url, timezone)
SELECT name, share, daily_limit, postal_address, contact_url, timezone
FROM jsonb_populate_recordset(NULL::client, $1::jsonb)
ON CONFLICT (name) DO UPDATE SET
    share = excluded.share, daily_limit = excluded.daily_limit,
    postal_address = excluded.postal_address, contact_url = excluded.contact_url,
    timezone = excluded.timezone, retired = false;

-- name: put_accounts
INSERT INTO account (name, kind, host, port, tls, username, auth, rate_per_second, daily_limit,
                     max_connections, timezone, imap, receiver_rates)
SELECT name, kind, host, port, tls, username, auth, rate_per_second, daily_limit,
    max_connections, timezone, imap, receiver_rates
FROM jsonb_populate_recordset(NULL::account, $1::jsonb)
ON CONFLICT (name) DO UPDATE SET
    kind = excluded.kind, host = excluded.host, port = excluded.port, tls = excluded.tls,
    username = excluded.username, auth = excluded.auth,
    rate_per_second = excluded.rate_per_second,
    daily_limit = excluded.daily_limit, max_connections = excluded.max_connections,
    timezone = excluded.timezone, imap = excluded.imap,
    receiver_rates = excluded.receiver_rates, retired = false;

-- name: put_domains
INSERT INTO domain (name, account_ids, daily_limit, rate_per_minute, ramp_start, ramp_end,
                    ramp_days, timezone, bounces_at, dkim)
SELECT w.name,
    ARRAY(SELECT a.id FROM unnest(w.accounts) WITH ORDINALITY AS way (name, place)
          JOIN account a ON a.name = way.name ORDER BY way.place),
    w.daily_limit, w.rate_per_minute, w.ramp_start, w.ramp_end, w.ramp_days, w.timezone,
    w.bounces_at, w.dkim
FROM jsonb_to_recordset($1::jsonb) AS w (
    name text, accounts text[], daily_limit integer, rate_per_minute double precision,
    ramp_start integer, ramp_end integer, ramp_days integer, timezone text,
    bounces_at text, dkim jsonb)
ON CONFLICT (name) DO UPDATE SET
    account_ids = excluded.account_ids, daily_limit = excluded.daily_limit,
    rate_per_minute = excluded.rate_per_minute, ramp_start = excluded.ramp_start,
    ramp_end = excluded.ramp_end, ramp_days = excluded.ramp_days,
    timezone = excluded.timezone, bounces_at = excluded.bounces_at, dkim = excluded.dkim,
    retired = false;

-- name: put_mailboxes
INSERT INTO mailbox (address, name, domain_id, daily_limit, hourly_limit, min_gap_s, jitter,
                     workday_start_min, workday_end_min, timezone, ramp_start, ramp_end,
                     ramp_days, signature, tags, username, auth, imap)
SELECT w.address, w.name, d.id, w.daily_limit, w.hourly_limit, w.min_gap_s, w.jitter,
    w.workday_start_min, w.workday_end_min, w.timezone, w.ramp_start, w.ramp_end,
    w.ramp_days, w.signature, w.tags, w.username, w.auth, w.imap
FROM jsonb_populate_recordset(NULL::mailbox, $1::jsonb) AS w
JOIN domain d ON d.name = split_part(w.address, '@', 2)
ON CONFLICT (address) DO UPDATE SET
    name = excluded.name, daily_limit = excluded.daily_limit,
    hourly_limit = excluded.hourly_limit, min_gap_s = excluded.min_gap_s,
    jitter = excluded.jitter, workday_start_min = excluded.workday_start_min,
    workday_end_min = excluded.workday_end_min, timezone = excluded.timezone,
    ramp_start = excluded.ramp_start, ramp_end = excluded.ramp_end,
    ramp_days = excluded.ramp_days, signature = excluded.signature, tags = excluded.tags,
    username = excluded.username, auth = excluded.auth, imap = excluded.imap,
    retired = false;

-- name: put_inboxes
INSERT INTO inbox (name, imap, username, auth)
SELECT name, imap, username, auth FROM jsonb_populate_recordset(NULL::inbox, $1::jsonb)
ON CONFLICT (name) DO UPDATE SET
    imap = excluded.imap, username = excluded.username, auth = excluded.auth,
    retired = false;

-- name: put_campaigns
INSERT INTO campaign (name, client_id, direction, share, pool, calendar, on_uncertain,
                      useful_for_s, stop_company, first_touch_share, mailbox_gone,
                      hygiene, silent_after_s, grounds, confirmation)
SELECT w.name, c.id, w.direction, w.share, w.pool, w.calendar, w.on_uncertain,
    w.useful_for_s, w.stop_company, w.first_touch_share, w.mailbox_gone,
    w.hygiene, w.silent_after_s, w.grounds, nullif(w.confirmation, 'null')
FROM jsonb_to_recordset($1::jsonb) AS w (
    name text, client text, direction text, share double precision, pool jsonb,
    calendar jsonb, on_uncertain text, useful_for_s double precision,
    stop_company boolean, first_touch_share double precision, mailbox_gone text,
    hygiene jsonb, silent_after_s double precision, grounds text[], confirmation jsonb)
JOIN client c ON c.name = w.client
ON CONFLICT (name) DO UPDATE SET
    client_id = excluded.client_id, direction = excluded.direction,
    share = excluded.share, pool = excluded.pool, calendar = excluded.calendar,
    on_uncertain = excluded.on_uncertain, useful_for_s = excluded.useful_for_s,
    stop_company = excluded.stop_company, first_touch_share = excluded.first_touch_share,
    mailbox_gone = excluded.mailbox_gone,
    hygiene = excluded.hygiene, silent_after_s = excluded.silent_after_s,
    grounds = excluded.grounds, confirmation = excluded.confirmation,
    retired = false;

-- name: put_pool
-- $1 campaign, $2 addresses. Only what differs is touched.
WITH campaign AS (
    SELECT id FROM campaign WHERE name = $1
), wanted AS (
    SELECT id FROM mailbox WHERE address = ANY ($2::text[])
), gone AS (
    DELETE FROM campaign_mailbox cm USING campaign
    WHERE cm.campaign_id = campaign.id AND cm.mailbox_id NOT IN (SELECT id FROM wanted))
INSERT INTO campaign_mailbox (campaign_id, mailbox_id)
SELECT campaign.id, wanted.id FROM campaign CROSS JOIN wanted
ON CONFLICT DO NOTHING;

-- name: put_steps
-- $1 the steps of some campaigns.
INSERT INTO step (campaign_id, number, subject, body_text, body_html, delay, delay_unit,
                  attachments)
SELECT c.id, w.number, w.subject, w.body_text, w.body_html, w.delay, w.delay_unit,
    w.attachments
FROM jsonb_to_recordset($1::jsonb) AS w (
    campaign text, number smallint, subject text, body_text text, body_html text,
    delay integer, delay_unit text, attachments jsonb)
JOIN campaign c ON c.name = w.campaign
ON CONFLICT (campaign_id, number) DO UPDATE SET
    subject = excluded.subject, body_text = excluded.body_text,
    body_html = excluded.body_html, delay = excluded.delay,
    delay_unit = excluded.delay_unit, attachments = excluded.attachments;

-- name: cut_steps
-- Steps beyond a sequence's end. $1 campaigns, $2 how many steps each has now.
DELETE FROM step s
USING campaign c, unnest($1::text[], $2::integer[]) AS kept (campaign, steps)
WHERE c.name = kept.campaign AND s.campaign_id = c.id AND s.number > kept.steps;

-- name: put_variants
-- The wordings of some campaigns' steps, in place of those they had. $1 campaigns,
-- $2 variants. One that stays the same is written anew: few have any.
WITH wanted AS (
    SELECT c.id, w.*
    FROM jsonb_to_recordset($2::jsonb) AS w (
        campaign text, number smallint, place smallint, name text,
        weight double precision, subject text, body_text text, body_html text)
    JOIN campaign c ON c.name = w.campaign
), gone AS (
    DELETE FROM variant v
    USING campaign c
    WHERE c.name = ANY ($1::text[]) AND v.campaign_id = c.id
      AND NOT EXISTS (SELECT FROM wanted w
                      WHERE w.id = c.id AND w.number = v.number AND w.name = v.name))
INSERT INTO variant (campaign_id, number, name, place, weight, subject, body_text, body_html)
SELECT id, number, name, place, weight, subject, body_text, body_html FROM wanted
ON CONFLICT (campaign_id, number, name) DO UPDATE SET
    place = excluded.place, weight = excluded.weight, subject = excluded.subject,
    body_text = excluded.body_text, body_html = excluded.body_html;

-- name: secret_owners
-- The ids of whose passwords change. $1 accounts, $2 addresses, $3 inboxes.
SELECT 'account' AS kind, name, id FROM account WHERE name = ANY ($1::text[])
UNION ALL
SELECT 'mailbox', address, id FROM mailbox WHERE address = ANY ($2::text[])
UNION ALL
SELECT 'inbox', name, id FROM inbox WHERE name = ANY ($3::text[]);

-- name: put_secrets
INSERT INTO secret (kind, target_id, ciphertext)
SELECT * FROM unnest($1::text[], $2::integer[], $3::bytea[])
ON CONFLICT (kind, target_id) DO UPDATE SET ciphertext = excluded.ciphertext;

-- name: drop_secrets
DELETE FROM secret s
USING unnest($1::text[], $2::integer[]) AS gone (kind, target_id)
WHERE s.kind = gone.kind AND s.target_id = gone.target_id;

-- name: retire_clients
UPDATE client SET retired = true WHERE name = ANY ($1::text[]);

-- name: retire_accounts
UPDATE account SET retired = true WHERE name = ANY ($1::text[]);

-- name: retire_domains
UPDATE domain SET retired = true WHERE name = ANY ($1::text[]);

-- name: retire_mailboxes
UPDATE mailbox SET retired = true WHERE address = ANY ($1::text[]);

-- name: retire_campaigns
UPDATE campaign SET retired = true WHERE name = ANY ($1::text[]);

-- name: retire_inboxes
UPDATE inbox SET retired = true WHERE name = ANY ($1::text[]);

-- name: notify_fleet
-- Daemons read the fleet again; delivered when the transaction commits.
SELECT pg_notify('outreachd_fleet', '');

-- The fleet and its recent past, as a daemon reads them when it begins.

-- name: roster_clients
SELECT id, name, share, daily_limit, postal_address, contact_url, timezone
FROM client WHERE NOT retired;

-- name: roster_accounts
SELECT id, name, kind, host, port, tls, username, auth, rate_per_second, daily_limit,
    max_connections, timezone, imap::text AS imap, receiver_rates::text AS receiver_rates
FROM account WHERE NOT retired;

-- name: roster_domains
SELECT id, name, account_ids, daily_limit, rate_per_minute, ramp_start, ramp_end,
    ramp_days, timezone, bounces_at, dkim::text AS dkim
FROM domain WHERE NOT retired;

-- name: roster_mailboxes
SELECT id, address, name, domain_id, daily_limit, hourly_limit, min_gap_s, jitter,
    workday_start_min, workday_end_min, timezone, ramp_start, ramp_end, ramp_days,
    signature, username, auth, imap::text AS imap
FROM mailbox WHERE NOT retired;

-- name: roster_inboxes
SELECT id, name, imap::text AS imap, username, auth FROM inbox WHERE NOT retired;

-- name: roster_campaigns
SELECT c.id, c.name, c.client_id, c.direction, c.share, c.calendar::text AS calendar,
    (SELECT cl.timezone FROM client cl WHERE cl.id = c.client_id) AS client_timezone,
    c.on_uncertain, c.useful_for_s, c.stop_company, c.first_touch_share, c.mailbox_gone,
    c.confirmation::text AS confirmation,
    ARRAY(SELECT cm.mailbox_id FROM campaign_mailbox cm
          WHERE cm.campaign_id = c.id ORDER BY cm.mailbox_id) AS mailbox_ids
FROM campaign c WHERE NOT c.retired;

-- name: roster_steps
SELECT campaign_id, number, subject, body_text, body_html, delay, delay_unit,
    attachments::text AS attachments
FROM step ORDER BY campaign_id, number;

-- name: roster_variants
SELECT campaign_id, number, name, weight, subject, body_text, body_html
FROM variant ORDER BY campaign_id, number, place;

-- name: facts_used
-- Use of the days that can be today somewhere. $1 the day before yesterday.
SELECT kind, target_id, day, n FROM usage WHERE day >= $1 AND n > 0;

-- name: facts_days_sent
-- On how many days before today each thing has really sent: at least half of what it
-- might (rules/warmup), and well all day. Apart: those before its newest rest, and how
-- long that was. Of a long history only the newest are read: three ramps of days, as
-- some do not count; or the years of a large fleet would not be read in time. $1 now.
WITH thing AS MATERIALIZED (
    SELECT x.*, ($1::timestamptz AT TIME ZONE x.timezone)::date AS today
    FROM (
        SELECT 'mailbox' AS kind, id, timezone, ramp_days FROM mailbox WHERE NOT retired
        UNION ALL
        SELECT 'domain', id, timezone, ramp_days FROM domain WHERE NOT retired) x
), spell AS (
    SELECT kind, target_id, after, at AS begins,
        coalesce(lead(at) OVER (PARTITION BY kind, target_id ORDER BY id), $1) AS ends
    FROM health_decision WHERE mode = 'enforce'
), rest AS (
    SELECT DISTINCT ON (kind, target_id) kind, target_id, begins, ends
    FROM spell WHERE after IN ('resting', 'retired') ORDER BY kind, target_id, begins DESC
)
SELECT t.kind, t.id AS target_id, t.ramp_days,
    extract(epoch FROM r.ends - r.begins)::float8 / 86400 AS rested_days,
    count(u.day) FILTER (WHERE u.day < (r.begins AT TIME ZONE t.timezone)::date) AS before,
    count(u.day) FILTER (WHERE r.begins IS NULL
        OR u.day >= (r.begins AT TIME ZONE t.timezone)::date) AS since
FROM thing t
CROSS JOIN LATERAL (
    SELECT u.day FROM usage u
    WHERE u.kind = t.kind AND u.target_id = t.id AND u.n > 0 AND 2 * u.n >= u.cap
      AND u.day < t.today
    ORDER BY u.day DESC LIMIT 3 * coalesce(t.ramp_days, 60)) u
LEFT JOIN rest r ON r.kind = t.kind AND r.target_id = t.id
WHERE NOT EXISTS (
    SELECT FROM spell s
    WHERE s.kind = t.kind AND s.target_id = t.id AND s.after <> 'well'
      AND u.day BETWEEN (s.begins AT TIME ZONE t.timezone)::date
                    AND (s.ends AT TIME ZONE t.timezone)::date)
GROUP BY t.kind, t.id, t.ramp_days, r.begins, r.ends;

-- name: facts_recent
-- The newest attempts of each mailbox, as many as its hour allows: of the last hour, or of
-- the time that its gap or the rate of its domain or of an account takes, if that is longer.
-- All count from their end, which can be half an hour after their start; one without an
-- end counts as ending now, or then: its server may still be taking it. $1 now.
WITH slowest AS (SELECT 1 / min(rate_per_second) AS s FROM account WHERE NOT retired)
SELECT m.id AS mailbox_id, a.account_id,
    coalesce(a.ended_at, least($1::timestamptz, a.started_at + interval '30 minutes')) AS at
FROM mailbox m
JOIN domain d ON d.id = m.domain_id
CROSS JOIN slowest
CROSS JOIN LATERAL (
    SELECT account_id, started_at, ended_at FROM attempt
    WHERE mailbox_id = m.id AND started_at > $1::timestamptz - interval '30 minutes'
        - interval '1 second' * least(31536000, greatest(
            3600, m.min_gap_s * (1 + m.jitter), 60 / d.rate_per_minute, slowest.s))
    ORDER BY started_at DESC LIMIT m.hourly_limit) a
WHERE NOT m.retired;

-- name: secrets
SELECT kind, target_id, ciphertext FROM secret;

-- name: pauses
SELECT kind, target_id, reason, until FROM pause WHERE until IS NULL OR until > $1;

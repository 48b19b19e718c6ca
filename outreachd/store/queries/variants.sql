-- How the wordings of a campaign do. A letter counts for the wording it bore; what came
-- back counts for the letter it was about.

-- name: count_variants
-- $1 campaign. Sent: accepted by a server. Refused: no such address, said at once.
SELECT s.step_number AS step, s.variant AS name, v.weight, v.place,
    count(*) FILTER (WHERE s.state = 'sent') AS sent,
    count(*) FILTER (WHERE s.state = 'failed' AND starts_with(s.reason, 'hard_')) AS refused,
    count(*) FILTER (WHERE 'answered' = ANY (back.what)) AS answered,
    count(*) FILTER (WHERE 'bounced' = ANY (back.what)) AS bounced,
    count(*) FILTER (WHERE 'complained' = ANY (back.what)) AS complained,
    count(*) FILTER (WHERE 'opted_out' = ANY (back.what)) AS opted_out
FROM send s
LEFT JOIN (
    SELECT e.send_id, array_agg(e.what) AS what
    FROM event e WHERE e.send_id IS NOT NULL GROUP BY e.send_id) back ON back.send_id = s.id
LEFT JOIN variant v
    ON v.campaign_id = s.campaign_id AND v.number = s.step_number AND v.name = s.variant
WHERE s.campaign_id = $1 AND s.variant IS NOT NULL
GROUP BY s.step_number, s.variant, v.weight, v.place
ORDER BY s.step_number, v.place NULLS LAST, s.variant;

-- Letters begun today, by client and campaign, beside what their weights say.

-- name: count_shares
-- Today is the client's. $1 now.
SELECT cl.id AS client_id, cl.name AS client, cl.share AS client_weight,
    k.id AS campaign_id, k.name AS campaign, k.share AS campaign_weight,
    coalesce(u.n, 0) AS n
FROM campaign k
JOIN client cl ON cl.id = k.client_id
LEFT JOIN usage u ON u.kind = 'campaign' AND u.target_id = k.id
    AND u.day = ($1::timestamptz AT TIME ZONE cl.timezone)::date
WHERE NOT k.retired AND NOT cl.retired
ORDER BY cl.name, k.name;

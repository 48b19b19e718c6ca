-- Who must not be written to, and why. Only ever added to: who takes an entry back adds a
-- row that says so. One exception: the address of an erased person gives way to a keyed
-- hash, by which it is still known when somebody brings it again.

CREATE TABLE suppression (
    id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    target      text NOT NULL CHECK (target <> ''),
    -- ann@x.example | @x.example | *.x.example | sales@* | *bot@x.example | #keyed hash
    form        text NOT NULL DEFAULT 'address'
                CHECK (form IN ('address', 'domain', 'below', 'local', 'glob', 'hash')),
    -- Neither = everywhere; a campaign's entry names its client too.
    client_id   integer REFERENCES client,
    campaign_id integer REFERENCES campaign,
    reason      text NOT NULL CHECK (reason <> ''),
    source      text NOT NULL,
    author      text NOT NULL,
    at          timestamptz NOT NULL,
    undoes      bigint REFERENCES suppression,  -- this row takes that one back
    -- The same for LIKE, where one entry stands for many addresses.
    pattern     text GENERATED ALWAYS AS (
        CASE form WHEN 'domain' THEN '%' WHEN 'below' THEN '%@' WHEN 'local' THEN ''
                  WHEN 'glob' THEN '' END
        || replace(replace(replace(replace(target, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%')
    ) STORED,
    CHECK (campaign_id IS NULL OR client_id IS NOT NULL)
);

CREATE INDEX suppression_target ON suppression (target) WHERE undoes IS NULL;
-- What no index can find is few and read whole.
CREATE INDEX suppression_globs ON suppression (id) WHERE form = 'glob' AND undoes IS NULL;
-- An entry is taken back once.
CREATE UNIQUE INDEX suppression_undone ON suppression (undoes) WHERE undoes IS NOT NULL;

CREATE FUNCTION suppression_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND new.form = 'hash' AND old.form = 'address'
        AND (new.id, new.client_id, new.campaign_id, new.reason, new.source, new.author,
             new.at, new.undoes)
            IS NOT DISTINCT FROM
            (old.id, old.client_id, old.campaign_id, old.reason, old.source, old.author,
             old.at, old.undoes)
    THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'suppressions are only added to: take one back by a row that undoes it';
END
$$;
CREATE TRIGGER suppression_only_grows BEFORE UPDATE OR DELETE ON suppression
    FOR EACH ROW EXECUTE FUNCTION suppression_only_grows();

-- The entries that bar an address from a campaign of a client: the one place that says
-- so. With null for campaign or client only what bars it more widely. The planner puts
-- this body where it is called: exact, domain, parent domains and local part are index
-- probes, however many entries there are. A keyed hash may stand for the address.
CREATE FUNCTION suppressions_of(email text, client integer, campaign integer)
RETURNS SETOF suppression LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT x.* FROM suppression x
    WHERE x.undoes IS NULL
      AND x.target = ANY (
        ARRAY[$1, '@' || split_part($1, '@', 2), split_part($1, '@', 1) || '@*']
        || ARRAY(
            SELECT '*.' || array_to_string(
                (string_to_array(split_part($1, '@', 2), '.'))[label.n:], '.')
            FROM generate_series(
                2, cardinality(string_to_array(split_part($1, '@', 2), '.'))) AS label (n)))
      AND (x.client_id IS NULL OR x.client_id = $2)
      AND (x.campaign_id IS NULL OR x.campaign_id = $3)
      AND (SELECT count(*) FROM suppression u WHERE u.undoes = x.id) = 0
    UNION ALL
    SELECT x.* FROM suppression x
    WHERE x.form = 'glob' AND x.undoes IS NULL AND $1 LIKE x.pattern
      AND (x.client_id IS NULL OR x.client_id = $2)
      AND (x.campaign_id IS NULL OR x.campaign_id = $3)
      AND (SELECT count(*) FROM suppression u WHERE u.undoes = x.id) = 0
$$;

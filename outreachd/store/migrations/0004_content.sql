-- What letters are made of beside the wordings of steps: attachments, one-off letters.

-- A file that goes with letters, kept once whatever it is called. In the database, not in
-- a directory: every daemon of a fleet reads the same, a backup is whole, and a step and
-- its files are applied in one transaction.
CREATE TABLE attachment (
    sha256  bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    content bytea NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 5 * 1024 * 1024)
);
-- What is attached is packed already: do not try again.
ALTER TABLE attachment ALTER COLUMN content SET STORAGE EXTERNAL;

-- [{"name", "content_type", "sha256" (base64), "size"}], in their order in the letter.
ALTER TABLE step ADD COLUMN attachments jsonb NOT NULL DEFAULT '[]'
    CHECK (jsonb_typeof(attachments) = 'array');

-- The content of a letter outside any sequence: ready templates, and the values that the
-- caller gave for it, which go before the contact's.
CREATE TABLE one_off (
    id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    subject     text NOT NULL CHECK (subject <> ''),
    body_text   text NOT NULL CHECK (body_text <> ''),
    body_html   text,
    variables   jsonb NOT NULL DEFAULT '{}',
    attachments jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(attachments) = 'array'),
    author      text NOT NULL,
    at          timestamptz NOT NULL,
    forgotten_at timestamptz    -- then only the subject is left
);
CREATE INDEX one_off_kept ON one_off (at) WHERE forgotten_at IS NULL;

-- A one-off letter is a send like all others, with a content of its own and a number
-- above those of steps (which end at 100), so that a contact may have several.
ALTER TABLE send ADD COLUMN content_id bigint REFERENCES one_off;
ALTER TABLE send ADD CHECK ((content_id IS NULL) = (step_number <= 1000));
CREATE INDEX send_content ON send (content_id) WHERE content_id IS NOT NULL;

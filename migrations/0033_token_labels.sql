-- What a token is called by whoever made it, so that it can be told from others without its secret.
ALTER TABLE api_tokens ADD COLUMN label TEXT;

"""Who is calling: passwords, tokens, scopes."""

"""Tables of the identity provider; everything a bearer could present is kept as a hash only."""

import sqlalchemy as sa

from octoperf_mcp.embedded.store.schema import JsonText, metadata

signing_key = sa.Table(
    "signing_key",
    metadata,
    sa.Column("kid", sa.Text, primary_key=True),
    sa.Column("private_jwk", JsonText, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    # When it stops signing; it stays published until its last token has expired.
    sa.Column("retired", sa.BigInteger, nullable=True),
)

identity_secret = sa.Table(
    "identity_secret",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

identity_user = sa.Table(
    "identity_user",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("username", sa.Text, nullable=False),
    # The name as compared: without case, so that `Demo` cannot pass for `demo`.
    sa.Column("folded", sa.Text, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
)

# Who may administer the platform: a table of its own, so that older databases need no migration.
administrator = sa.Table(
    "administrator",
    metadata,
    sa.Column("user_id", sa.Text, primary_key=True),
    sa.Column("since", sa.BigInteger, nullable=False),
)

oauth_client = sa.Table(
    "oauth_client",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("redirect_uris", JsonText, nullable=False),
    sa.Column("application_type", sa.Text, nullable=False),
    sa.Column("auth_method", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    # Equal for equal registrations of public clients; NULL where there is a secret.
    sa.Column("fingerprint", sa.Text, nullable=True, unique=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("last_used", sa.BigInteger, nullable=True),
)

oauth_grant = sa.Table(
    "oauth_grant",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False, index=True),
    # "" for what needs no client: session tokens, tokens of the command line.
    sa.Column("client_id", sa.Text, nullable=False, index=True),
    sa.Column("client_name", sa.Text, nullable=False),
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("resources", JsonText, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("last_used", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    sa.Column("revoked", sa.BigInteger, nullable=True),
)

oauth_code = sa.Table(
    "oauth_code",
    metadata,
    sa.Column("code_hash", sa.Text, primary_key=True),
    sa.Column("client_id", sa.Text, nullable=False, index=True),
    sa.Column("user_id", sa.Text, nullable=False, index=True),
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("redirect_given", sa.Boolean, nullable=False),
    sa.Column("challenge", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("resources", JsonText, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    # The grant it was exchanged for; a second use revokes that.
    sa.Column("grant_id", sa.Text, nullable=True),
)

oauth_refresh_token = sa.Table(
    "oauth_refresh_token",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("grant_id", sa.Text, nullable=False, index=True),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("used", sa.BigInteger, nullable=True),
)

# Client ids that no client has: real ones are longer.
CI_CLIENT = "ci-token"
API_KEY_CLIENT = "api-key"

api_key = sa.Table(
    "api_key",
    metadata,
    sa.Column("key_hash", sa.Text, primary_key=True),
    sa.Column("grant_id", sa.Text, nullable=False),
)

grant_limit = sa.Table(
    "grant_limit",
    metadata,
    sa.Column("grant_id", sa.Text, primary_key=True),
    sa.Column("limits", JsonText, nullable=False),
)

grant_run = sa.Table(
    "grant_run",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("grant_id", sa.Text, nullable=False, index=True),
    sa.Column("started", sa.BigInteger, nullable=False),
)

browser_session = sa.Table(
    "browser_session",
    metadata,
    sa.Column("session_hash", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False, index=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
)

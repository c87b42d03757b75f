"""Adding people: a user and a workspace of his own, so that he can begin."""

from octoperf_mcp.embedded.idp.provider import IdentityProvider
from octoperf_mcp.embedded.store.documents import Documents

WORKSPACE = "Default"


async def add_person(
    identity: IdentityProvider,
    documents: Documents,
    username: str,
    password: str,
    *,
    administers: bool = False,
) -> str:
    """Add a user and his workspace; answers the id of the user.

    Raises:
        Invalid: the name or the password cannot be accepted.
        Conflict: the name is taken.
    """
    user_id = await identity.create_user(username, password, administers=administers)
    body = {"name": WORKSPACE, "description": ""}
    await documents.create("workspace", body, user_id=user_id, workspace_id="")
    return user_id

"""Who may do what with a document: membership of its workspace, and the role there."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from octoperf_mcp.embedded.failures import Forbidden
from octoperf_mcp.embedded.store.schema import document, workspace_member


class Role(StrEnum):
    """Roles of a workspace member; CUSTOM is fine-grained in the original, read-only here."""

    ADMIN = "ADMIN"
    TESTER = "TESTER"
    TEST_EXECUTOR = "TEST_EXECUTOR"
    VIEWER = "VIEWER"
    CUSTOM = "CUSTOM"


_WRITERS = {Role.ADMIN, Role.TESTER, Role.TEST_EXECUTOR}
_RESERVED = {
    "workspace": {Role.ADMIN},
    "docker_provider": {Role.ADMIN},
    "virtual_user": {Role.ADMIN, Role.TESTER},
}
"""Kinds that fewer roles may write; a test executor does everything but edit virtual users."""


def require_writer(kind: str, role: str | None) -> None:
    """Check that a role may create, change or delete documents of a kind.

    Args:
        kind: As in `Documents`.
        role: Role in the document's workspace; None for a document of the platform itself.

    Raises:
        Forbidden: it may not.
    """
    if role is None:
        raise Forbidden(f"This {kind.replace('_', ' ')} belongs to the platform.")
    if role not in _RESERVED.get(kind, _WRITERS):
        raise Forbidden(f"The role {role} may not change a {kind.replace('_', ' ')}.")


_only: ContextVar[str] = ContextVar("only_workspace", default="")


@contextmanager
def only_workspace(workspace_id: str) -> Iterator[None]:
    """Let whatever runs inside see one workspace; "" narrows nothing.

    A context, not an argument: a CI token that is pinned to a workspace must not see another one
    through any door, present or future, and each of them leads through `visible_to`.
    """
    token = _only.set(workspace_id)
    try:
        yield
    finally:
        _only.reset(token)


def visible_to(user_id: str) -> "sa.Select[Any]":
    """Documents that a user sees, with his `role`: NULL on those of the platform itself."""
    mine = sa.and_(
        workspace_member.c.workspace_id == document.c.workspace_id,
        workspace_member.c.user_id == user_id,
    )
    if only := _only.get():
        mine = sa.and_(mine, workspace_member.c.workspace_id == only)
    return (
        sa.select(document, workspace_member.c.role)
        .join(workspace_member, mine, isouter=True)
        .where(sa.or_(workspace_member.c.role.is_not(None), document.c.workspace_id == ""))
    )

"""A start of a job that is due."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from octoperf_mcp.embedded.store.documents import Document


@dataclass(frozen=True, slots=True)
class Fire:
    """One job at one moment, about to start."""

    job: Document
    due: int

    @property
    def owner_id(self) -> str:
        """Whose authority it starts with."""
        return str(self.job.body["userId"])


Start = Callable[[Fire], Awaitable[Document]]
"""Starts the scenario of a job as its owner; answers the bench report."""

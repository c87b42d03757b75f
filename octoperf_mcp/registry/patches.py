"""RFC 6902 patches of documents: applied whole or not at all, refused in words to act on."""

import copy
import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jsonpatch
import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from octoperf_mcp.entities.added_types import NO_ADDED_TYPES, AddedTypes
from octoperf_mcp.entities.check import Mismatch, check_change
from octoperf_mcp.errors import InvalidArgumentError
from octoperf_mcp.registry.payloads import payload

_IDENTITY = ("@type", "id", "userId", "projectId", "workspaceId")
_LONGEST_SHOWN = 80
_PLACEHOLDER = re.compile(r"<hidden(?: \d+)?>")
"""What stands in answers for the value of a credential."""

_NEEDED = {
    "add": ("value",),
    "replace": ("value",),
    "test": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "remove": (),
}


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Operation(BaseModel):
    """One operation of RFC 6902."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: Annotated[str, Field(description="JSON Pointer; /children/- appends.")]
    value: Annotated[
        Any,
        Field(
            description="New or expected value, for add, replace and test.",
            json_schema_extra=_without_default,
        ),
    ] = None
    from_: Annotated[
        str | None, Field(alias="from", description="JSON Pointer, for move and copy.")
    ] = None

    @property
    def wire(self) -> dict[str, Any]:
        """The members that were given, by their names in JSON; values are copies."""
        given = self.model_fields_set
        found: dict[str, Any] = {"op": self.op, "path": self.path}
        if "value" in given:
            found["value"] = copy.deepcopy(self.value)
        if self.from_ is not None:
            found["from"] = self.from_
        return found


def _from_text(value: Any) -> Any:
    """Some models send the list as JSON text."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


PatchOperations = Annotated[
    list[Operation], BeforeValidator(_from_text), Field(min_length=1, max_length=500)
]
"""Type of the `patch` argument of a patch tool, whose alias is `ops`."""


@payload
class AppliedOperation:
    """One operation and the place it changed, `-` replaced by the index."""

    index: int
    op: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Patched:
    """The new document, and what each operation changed."""

    document: dict[str, Any]
    applied: list[AppliedOperation]


def apply_patch(
    kind: str,
    document: Mapping[str, Any],
    operations: Sequence[Operation],
    added: AddedTypes = NO_ADDED_TYPES,
) -> Patched:
    """Apply all operations to a copy and check what they touched.

    What a newer platform wrote and our schemas do not know stays as it is, unjudged.

    Args:
        kind: As in `octoperf_mcp.entities.check`.
        document: The stored document; it is not changed.
        operations: In order; the result of all of them must be valid, not each step.
        added: Types that plugins add.

    Raises:
        InvalidArgumentError: names the operation, the pointer, what was expected and the schema.
    """
    result = _copied(document)
    applied = []
    for index, operation in enumerate(operations):
        result = _apply_one(result, index, operation)
        pointer = _settled(result, operation.path)
        applied.append(AppliedOperation(index=index, op=operation.op, pointer=pointer))
        _keep_identity(document, result, index, operation)
    if (wrong := _mismatch(kind, document, result, added)) is not None:
        raise _invalid(wrong, *_culprit(kind, document, operations, wrong, added))
    return Patched(result, applied)


def _copied(document: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy; through JSON it takes a tenth of the time."""
    copied: dict[str, Any] = orjson.loads(orjson.dumps(document))
    return copied


def _apply_one(document: dict[str, Any], index: int, operation: Operation) -> dict[str, Any]:
    wire = operation.wire
    for member in _NEEDED[operation.op]:
        if member not in wire:
            raise _rejected(index, operation, f"it needs the member {member!r}")
    if operation.op in {"add", "replace"} and _holds_placeholder(operation.value):
        reason = (
            "its value holds a <hidden> placeholder, which would replace the credential that it "
            "stands for; change only the members you mean, or use move or copy for a whole node"
        )
        raise _rejected(index, operation, reason)
    _check_places(document, index, operation)
    try:
        result = jsonpatch.JsonPatch([wire]).apply(document, in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        found = _shown(_at(document, operation.path))
        reason = f"expected {_shown(operation.value)}, found {found}"
        raise _rejected(index, operation, reason, pointer=operation.path) from None
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        reason = "it cannot be applied to this document"
        raise _rejected(index, operation, reason, pointer=operation.path) from error
    if not isinstance(result, dict):
        raise _rejected(index, operation, "the document must stay an object")
    return result


def _holds_placeholder(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_placeholder, value.values()))
    if isinstance(value, list):
        return any(map(_holds_placeholder, value))
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def _check_places(document: dict[str, Any], index: int, operation: Operation) -> None:
    """Refuse a pointer that leads nowhere, saying where it stops and what is there."""
    if operation.from_ is not None:
        _check_place(document, index, operation, operation.from_, exists=True)
    exists = operation.op in ("remove", "replace", "test")
    _check_place(document, index, operation, operation.path, exists=exists)


def _check_place(
    document: dict[str, Any], index: int, operation: Operation, pointer: str, *, exists: bool
) -> None:
    if pointer and not pointer.startswith("/"):
        plain = "/" + pointer.lstrip("#/")
        raise _rejected(
            index,
            operation,
            "a JSON Pointer begins with /",
            pointer=pointer,
            did_you_mean=plain,
        )
    here: Any = document
    passed = ""
    steps = _steps(pointer)
    for position, step in enumerate(steps):
        may_be_new = not exists and position == len(steps) - 1
        problem, near = _missing(here, step, may_be_new=may_be_new)
        if problem:
            place = passed or "the root"
            meant = f"{passed}/{near}" if near else ""
            reason = f"path does not exist: {place} {problem}"
            raise _rejected(index, operation, reason, pointer=pointer, did_you_mean=meant)
        if may_be_new:
            return
        here = here[int(step)] if isinstance(here, list) else here[step]
        passed += f"/{step}"


def _missing(here: Any, step: str, *, may_be_new: bool) -> tuple[str, str]:
    """Why there is no `step` below a value, and the nearest name that there is."""
    if isinstance(here, dict):
        if step in here or may_be_new:
            return "", ""
        near = difflib.get_close_matches(step, list(here), n=1)
        return f"has no property {step!r}", near[0] if near else ""
    if not isinstance(here, list):
        return f"is {_shown(here)}, which holds nothing", ""
    number = int(step) if step.isascii() and step.isdigit() else -1
    if (may_be_new and (step == "-" or number == len(here))) or 0 <= number < len(here):
        return "", ""
    return f"is a list of {len(here)}, which has no place {step!r}", ""


def _culprit(
    kind: str,
    document: Mapping[str, Any],
    operations: Sequence[Operation],
    wrong: Mismatch,
    added: AddedTypes,
) -> tuple[int, Operation]:
    """The operation after which the final mismatch stands, found by halving."""
    good, bad = 0, len(operations)
    while bad - good > 1:
        middle = (good + bad) // 2
        state = _copied(document)
        for index, operation in enumerate(operations[:middle]):
            state = _apply_one(state, index, operation)
        found = _mismatch(kind, document, state, added)
        if found is not None and _same(found, wrong):
            bad = middle
        else:
            good = middle
    return good, operations[good]


def _same(one: Mismatch, other: Mismatch) -> bool:
    last = one.pointer.rpartition("/")[2] == other.pointer.rpartition("/")[2]
    return last and (one.expected, one.got) == (other.expected, other.got)


def _mismatch(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any], added: AddedTypes
) -> Mismatch | None:
    try:
        check_change(kind, before, after, added)
    except Mismatch as mismatch:
        return mismatch
    return None


def _keep_identity(
    before: Mapping[str, Any], after: Mapping[str, Any], index: int, operation: Operation
) -> None:
    for name in _IDENTITY:
        if before.get(name) != after.get(name):
            reason = f"a patch keeps the {name} of the document"
            raise _rejected(index, operation, reason, pointer=f"/{name}")


def _invalid(wrong: Mismatch, index: int, operation: Operation) -> InvalidArgumentError:
    uri = f"octoperf://schema/{wrong.schema}"
    near = difflib.get_close_matches(wrong.got.strip('"'), wrong.allowed, n=1)
    error = InvalidArgumentError(
        f"Patch rejected: after operation #{index} ({operation.op} {operation.path}) the document "
        f"is {wrong.message}",
        field=f"patch/{index}",
        got=wrong.got,
        allowed=wrong.allowed,
        did_you_mean=near[0] if near else "",
        next_step=(
            f"Read {uri} (the same at /mcp/public/schema/{wrong.schema}.json) for the subtypes "
            "and their required properties, then send the corrected patch; nothing was changed."
        ),
    )
    error.details |= {"pointer": wrong.pointer, "expected": wrong.expected, "schema": uri}
    return error


def _rejected(
    index: int, operation: Operation, reason: str, *, pointer: str = "", did_you_mean: str = ""
) -> InvalidArgumentError:
    error = InvalidArgumentError(
        f"Patch rejected: operation #{index} ({operation.op} {operation.path}): {reason}",
        field=f"patch/{index}",
        did_you_mean=did_you_mean,
        next_step="Correct this operation and send the whole patch again; nothing was changed.",
    )
    if pointer:
        error.details["pointer"] = pointer
    return error


def _settled(document: Mapping[str, Any], path: str) -> str:
    """The path with a final `-` replaced by the index that it got."""
    parent, _, last = path.rpartition("/")
    if last != "-":
        return path
    there = _at(document, parent)
    return f"{parent}/{len(there) - 1}" if isinstance(there, list) else path


def _at(document: Any, pointer: str) -> Any:
    here = document
    for step in _steps(pointer):
        here = here[int(step)] if isinstance(here, list) else here[step]
    return here


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"

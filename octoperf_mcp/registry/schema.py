"""From a function's signature to JSON Schema, and from arguments to a call of it.

Schemas are written for the pickiest hosts: no `$ref`, no `title`, nothing but `type: object` with
`properties` at the top, unknown arguments refused.
"""

import difflib
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.alias_generators import to_camel
from pydantic.json_schema import GenerateJsonSchema

from octoperf_mcp.errors import InvalidArgumentError, PluginError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_ARGUMENT = re.compile(r"^(\w+): (.*)$")
_GOT_MAX_CHARS = 200


def split_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Text before `Args:` and the description of each argument, as single paragraphs."""
    doc = inspect.getdoc(function) or ""
    head, _, tail = doc.partition("\nArgs:\n")
    arguments: dict[str, str] = {}
    name = ""
    for line in textwrap.dedent(tail.split("\n\n", 1)[0]).splitlines():
        if found := _ARGUMENT.match(line):
            name, arguments[found[1]] = found[1], found[2].strip()
        elif name:
            arguments[name] += " " + line.strip()
    paragraphs = [" ".join(part.split()) for part in head.split("\n\n")]
    return "\n".join(part for part in paragraphs if part), arguments


def arguments_model(
    function: Callable[..., Any], more: Mapping[str, Any] | None = None
) -> type[BaseModel]:
    """Model of a tool's arguments: snake_case inside, camelCase on the wire.

    A name that Python reserves ends in an underscore, which the wire does not show (`from_`).
    `more` are pydantic fields of arguments that the function itself does not take.

    Raises:
        PluginError: a parameter has no type or no description.
    """
    _, described = split_docstring(function)
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        if name not in hints or name not in described:
            what = "type" if name not in hints else "description under Args:"
            raise PluginError(f"{function.__name__}: parameter {name} has no {what}")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints[name], Field(default, description=described[name]))
    fields |= more or {}
    config = ConfigDict(extra="forbid", alias_generator=_wire_name, arbitrary_types_allowed=False)
    model: type[BaseModel] = create_model(function.__name__, __config__=config, **fields)
    return model


def _wire_name(name: str) -> str:
    return to_camel(name.rstrip("_"))


@functools.cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What writes values of a type, built once: building one takes milliseconds."""
    return TypeAdapter(kind)


class _Schemas(GenerateJsonSchema):
    """Takes plain defaults as they are, where pydantic builds a writer for each of them."""

    def encode_default(self, dft: Any) -> Any:
        if dft is None or isinstance(dft, str | int | float):
            return dft
        return super().encode_default(dft)


def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema of the arguments, references written out."""
    schema = tidy(model.model_json_schema(by_alias=True, schema_generator=_Schemas))
    schema.pop("description", None)
    schema.setdefault("properties", {})
    return schema


def output_schema(returns: Any) -> dict[str, Any]:
    """JSON Schema of what a tool returns; the root is an object.

    The list of tools is read into a context window, so this shows what an agent or a typed client
    can use: the members and, of a listing, those of its rows; what lies deeper is only an object.
    Nothing is required, since the `fields` of a listing and the size of an answer leave members
    out.
    """
    written = written_schema(returns)
    members = written.get("properties", {})
    rows = "nextCursor" in members
    shown = {name: _outlined(member, rows=rows) for name, member in members.items()}
    return {"type": written.get("type"), "properties": shown}


def written_schema(returns: Any) -> dict[str, Any]:
    """The whole JSON Schema of what is written for a type, references written out."""
    return tidy(
        adapter(returns).json_schema(mode="serialization", by_alias=True, schema_generator=_Schemas)
    )


def _outlined(node: Mapping[str, Any], *, rows: bool) -> dict[str, Any]:
    kept = {key: node[key] for key in ("type", "enum", "const") if key in node}
    if "anyOf" in node:
        kept["anyOf"] = [_outlined(option, rows=False) for option in node["anyOf"]]
    if "items" in node:
        kept["items"] = _row(node["items"]) if rows else _outlined(node["items"], rows=False)
    return kept


def _row(node: Mapping[str, Any]) -> dict[str, Any]:
    members = node.get("properties")
    if not members:
        return _outlined(node, rows=False)
    shown = {name: _outlined(member, rows=False) for name, member in members.items()}
    return {"type": "object", "properties": shown}


def tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Write references out, drop pydantic's titles, and say "T or absent" as plain T."""
    definitions = schema.pop("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            target = definitions[node["$ref"].rpartition("/")[2]]
            node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
        return _plain({key: _member(key, value, walk) for key, value in node.items()})

    walked: dict[str, Any] = walk(schema)
    return walked


def _member(key: str, value: Any, walk: Callable[[Any], Any]) -> Any:
    if key == "properties":
        return {name: walk(member) for name, member in value.items()}
    return value if key in {"default", "const", "enum", "examples"} else walk(value)


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    if isinstance(node.get("title"), str):
        del node["title"]
    options = node.get("anyOf")
    if options and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        if len(rest) == 1:
            del node["anyOf"]
            node = {**rest[0], **node}
    if node.get("default", ...) in (None, "", []):
        del node["default"]  # not required says as much
    return node


def validate_arguments(
    model: type[BaseModel], arguments: Mapping[str, Any], tool: str
) -> dict[str, Any]:
    """Arguments by parameter name.

    Numbers written as text are accepted where the type is a number: models do send them.

    Raises:
        InvalidArgumentError: names the first wrong argument and what would be right.
    """
    try:
        values: dict[str, Any] = model.__pydantic_validator__.validate_python(arguments).__dict__
    except ValidationError as error:
        raise _explain(error, model, tool) from error
    return values


def checker(schema: Mapping[str, Any]) -> Callable[[Mapping[str, Any], str], None]:
    """A check of arguments against a JSON Schema (2020-12) that is listed word for word.

    Raises:
        PluginError: it is none. The check itself raises InvalidArgumentError.
    """
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - dear, rarely needed

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise PluginError(f"an input schema is no JSON Schema: {error.message}") from error
    validator = Draft202012Validator(schema)

    def check(arguments: Mapping[str, Any], tool: str) -> None:
        error = next(validator.iter_errors(arguments), None)
        if error is not None:
            raise InvalidArgumentError(
                f"{tool}: {_shortened(error.message)}",
                field="/".join(str(part) for part in error.absolute_path),
                next_step="Correct the arguments and send the call again.",
            )

    return check


def _explain(error: ValidationError, model: type[BaseModel], tool: str) -> InvalidArgumentError:
    errors = error.errors(include_url=False)
    # a misspelt argument is also a missing one, and the spelling is what has to be mended
    first = next((found for found in errors if found["type"] == "extra_forbidden"), errors[0])
    field = "/".join(str(part) for part in first["loc"])
    known = [info.alias or name for name, info in model.model_fields.items()]
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        near = difflib.get_close_matches(field, known, n=1)
        return InvalidArgumentError(
            f"{tool} has no argument {field!r}.",
            field=field,
            allowed=known,
            did_you_mean=near[0] if near else "",
            next_step="Send the call again with the allowed arguments only.",
        )
    if first["type"] == "missing":
        return InvalidArgumentError(
            f"{tool} needs the argument {field!r}.",
            field=field,
            next_step=f"Send the call again with {field}.",
        )
    allowed = _allowed(first.get("ctx", {}))
    got = None if _is_secret(model, field) else _shortened(first["input"])
    return InvalidArgumentError(
        f"{field}: {first['msg']}.",
        field=field,
        got=got,
        allowed=allowed,
        did_you_mean=_near(got, allowed) or (None if got is None else _accepted_form(first)),
        next_step="Correct this argument and send the call again.",
    )


def _is_secret(model: type[BaseModel], field: str) -> bool:
    """Whether an argument is marked `writeOnly`: its value is then in no error."""
    for name, info in model.model_fields.items():
        if (info.alias or name) == field.partition("/")[0]:
            extra = info.json_schema_extra
            return isinstance(extra, dict) and bool(extra.get("writeOnly"))
    return False


def _near(got: Any, allowed: Sequence[str]) -> str:
    """The allowed value that was meant, whatever its case."""
    if not isinstance(got, str):
        return ""
    folded = {value.casefold(): value for value in allowed}
    near = difflib.get_close_matches(got.casefold(), list(folded), n=1)
    return folded[near[0]] if near else ""


def _accepted_form(error: "ErrorDetails") -> Any:
    """The bound that a number went past, or the list that a text stands for; None of others."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind in ("less_than_equal", "greater_than_equal"):
        return context.get("le", context.get("ge"))
    if kind == "list_type" and isinstance(value, str) and len(value) <= _GOT_MAX_CHARS:
        parts = [part.strip(" \"'") for part in value.strip("[] ").split(",")]
        return [part for part in parts if part] or None
    return None


def _allowed(context: Mapping[str, Any]) -> list[str]:
    expected = context.get("expected")
    return re.findall(r"'([^']*)'", expected) if isinstance(expected, str) else []


def _shortened(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else type(value).__name__
    return text if len(text) <= _GOT_MAX_CHARS else text[:_GOT_MAX_CHARS] + "…"

"""What a spec imports and calls, found in its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from octoperf_mcp.embedded.importers.playwright.source import Token

_WAYS = frozenset({"only", "skip", "fixme", "fail", "slow"})
_VISITS = frozenset({"goto"})
_PICTURES = frozenset({"toHaveScreenshot", "toMatchSnapshot", "toMatchAriaSnapshot"})
_FILES = {"setInputFiles": "(", "storageState": ":"}
"""Words with what stands between them and the name of a file."""
_NOTHING = Token("mark", "", 0)


@dataclass(frozen=True, slots=True)
class Import:
    """A module that is imported, by `import` or `require`."""

    module: str
    line: int


@dataclass(frozen=True, slots=True)
class Test:
    """One `test(…)`; `how` is `only`, `skip`, `fixme`, `fail`, `slow`, or empty."""

    how: str
    line: int


@dataclass(frozen=True, slots=True)
class Found:
    """A place of interest with what it says."""

    text: str
    line: int


class Calls:
    """Reads the tokens of one file."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens

    def _at(self, index: int) -> Token:
        return self._tokens[index] if 0 <= index < len(self._tokens) else _NOTHING

    def _is(self, index: int, text: str) -> bool:
        token = self._at(index)
        return token.kind != "text" and token.text == text

    @cached_property
    def imports(self) -> list[Import]:
        """Modules; types alone need nothing at run time and are left out."""
        found = []
        for index, token in enumerate(self._tokens):
            module = self._at(index + 1)
            if self._is(index, "from") or self._is(index, "import"):
                named = module.kind == "text" and not self._types_only(index)
            else:
                named = False
            if token.text in {"require", "import"} and self._is(index + 1, "("):
                module = self._at(index + 2)
                named = module.kind == "text" and token.kind == "word"
            if named:
                found.append(Import(module.text, module.line))
        return found

    def _types_only(self, index: int) -> bool:
        """Whether the `from` here ends an `import type … from`."""
        back = index
        while back >= 0 and not (self._is(back, "import") or self._is(back, ";")):
            back -= 1
            if index - back > 200:  # noqa: PLR2004 - no list of names is longer
                return False
        return self._is(back, "import") and self._is(back + 1, "type")

    @cached_property
    def _runners(self) -> frozenset[str]:
        """Names under which this file knows `test`."""
        names = {"test"}
        for index in range(len(self._tokens)):
            if self._is(index, "test") and self._is(index + 1, "as"):
                names.add(self._at(index + 2).text)
            if (
                self._is(index + 1, ".")
                and self._is(index + 2, "extend")
                and self._is(index - 1, "=")
            ):
                names.add(self._at(index - 2).text)
        return frozenset(names)

    @cached_property
    def tests(self) -> list[Test]:
        """Tests as they are declared; `test.skip()` within a test declares none."""
        found = []
        for index, token in enumerate(self._tokens):
            if token.kind != "word" or token.text not in self._runners or self._is(index - 1, "."):
                continue
            if self._is(index + 1, "("):
                found.append(Test("", token.line))
                continue
            how = self._at(index + 2).text
            if self._is(index + 1, ".") and how in _WAYS and self._is(index + 3, "("):
                titled = self._at(index + 4).kind == "text" and self._is(index + 5, ",")
                if titled:
                    found.append(Test(how, token.line))
        return found

    @cached_property
    def called(self) -> frozenset[str]:
        """Names that stand before a parenthesis."""
        words = enumerate(self._tokens)
        return frozenset(
            one.text for index, one in words if one.kind == "word" and self._is(index + 1, "(")
        )

    @cached_property
    def has_base_url(self) -> bool:
        """Whether the file says anything about `baseURL`."""
        return any(one.kind == "word" and one.text == "baseURL" for one in self._tokens)

    @cached_property
    def visited(self) -> list[Found]:
        """Addresses that a page goes to, where they are written down."""
        return [
            Found(self._at(index + 2).text, token.line)
            for index, token in enumerate(self._tokens)
            if token.kind == "word"
            and token.text in _VISITS
            and self._is(index - 1, ".")
            and self._is(index + 1, "(")
            and self._at(index + 2).kind == "text"
        ]

    @cached_property
    def dependent(self) -> list[Found]:
        """Uses of what stands outside of the file: pictures, files, the environment."""
        found = []
        for index, token in enumerate(self._tokens):
            if token.kind != "word":
                continue
            if token.text in _PICTURES and self._is(index + 1, "("):
                reason = f"{token.text} compares with a file that was not sent"
                found.append(Found(reason, token.line))
            between = _FILES.get(token.text)
            file = self._at(index + 2)
            if between and self._is(index + 1, between) and file.kind == "text":
                found.append(Found(f"{token.text} reads a file that was not sent", token.line))
            if token.text == "process" and self._is(index + 1, ".") and self._is(index + 2, "env"):
                found.append(Found("reads the environment, which a run does not set", token.line))
        return found

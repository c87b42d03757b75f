"""Lists of WebDriver steps, played by the same runner and browser as specs.

Each step becomes a command of Playwright in a spec that is written anew for every iteration, so
that rows, traces and guards are those of specs and no second driver is needed. A step has an
address (`url`), or a command of Selenium IDE (`command`, `target`, `value`).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from octoperf_mcp.embedded.engine.texts.templates import Template, compile_text

Node = Mapping[str, Any]

TYPES: Final = frozenset({"WebDriverAction", "SeleniumAction"})
FILENAME: Final = "webdriver.spec.js"
_LOCATORS: Mapping[str, Callable[[str], str]] = {
    "id": lambda text: f"[id={json.dumps(text)}]",
    "name": lambda text: f"[name={json.dumps(text)}]",
    "css": lambda text: text,
    "xpath": lambda text: f"xpath={text}",
    "linkText": lambda text: f"a:text-is({json.dumps(text)})",
    "link": lambda text: f"a:text-is({json.dumps(text)})",
    "partialLinkText": lambda text: f"a:has-text({json.dumps(text)})",
    "class": lambda text: f".{text}",
}


def locator(target: str) -> str:
    """A locator of Selenium as a selector of Playwright."""
    how, equals, text = target.partition("=")
    if equals and how in _LOCATORS:
        return _LOCATORS[how](text)
    return f"xpath={target}" if target.startswith(("/", "(/")) else target


def _on(call: str) -> Callable[[str, str], str]:
    return lambda target, _: f"await page.locator({json.dumps(locator(target))}).{call};"


def _typed(target: str, value: str) -> str:
    return f"await page.locator({json.dumps(locator(target))}).fill({json.dumps(value)});"


def _keyed(target: str, value: str) -> str:
    chosen = f"page.locator({json.dumps(locator(target))})"
    if value.startswith("${KEY_") and value.endswith("}"):
        key = value[len("${KEY_") : -1].capitalize()
        return f"await {chosen}.press({json.dumps(key)});"
    return f"await {chosen}.pressSequentially({json.dumps(value)});"


def _selected(target: str, value: str) -> str:
    how, equals, text = value.partition("=")
    field = {"label": "label", "value": "value", "index": "index"}.get(how) if equals else None
    wanted: Any = {field: int(text) if field == "index" else text} if field else {"label": value}
    chosen = f"page.locator({json.dumps(locator(target))})"
    return f"await {chosen}.selectOption({json.dumps(wanted)});"


def _expected(check: str, *, negated: bool = False) -> Callable[[str, str], str]:
    def made(target: str, value: str) -> str:
        chosen = f"page.locator({json.dumps(locator(target))})"
        argument = json.dumps(value) if check in {"toHaveText", "toHaveValue"} else ""
        return f"await expect({chosen}){'.not' if negated else ''}.{check}({argument});"

    return made


def _title(target: str, value: str) -> str:
    return f"await expect(page).toHaveTitle({json.dumps(target or value)});"


def _pause(target: str, value: str) -> str:
    ms = next((text for text in (target, value) if text.isdecimal()), "0")
    return f"await page.waitForTimeout({int(ms)});"


def _open(target: str, _: str) -> str:
    return f"await page.goto({json.dumps(target)});"


def _size(target: str, _: str) -> str:
    width, _, height = target.partition("x")
    size = {"width": int(width or 0), "height": int(height or 0)}
    return f"await page.setViewportSize({json.dumps(size)});"


def _script(target: str, _: str) -> str:
    return f"await page.evaluate({json.dumps(f'(() => {{ {target} }})()')});"


COMMANDS: Final[Mapping[str, Callable[[str, str], str]]] = {
    "open": _open,
    "click": _on("click()"),
    "doubleClick": _on("dblclick()"),
    "mouseOver": _on("hover()"),
    "check": _on("check()"),
    "uncheck": _on("uncheck()"),
    "submit": _on("evaluate((form) => form.requestSubmit())"),
    "type": _typed,
    "sendKeys": _keyed,
    "select": _selected,
    "pause": _pause,
    "setWindowSize": _size,
    "runScript": _script,
    "executeScript": _script,
    "waitForElementPresent": _on('waitFor({ state: "attached" })'),
    "waitForElementVisible": _on('waitFor({ state: "visible" })'),
    "waitForElementNotVisible": _on('waitFor({ state: "hidden" })'),
    "waitForElementNotPresent": _on('waitFor({ state: "detached" })'),
    "assertElementPresent": _expected("toBeAttached"),
    "verifyElementPresent": _expected("toBeAttached"),
    "assertElementNotPresent": _expected("toBeAttached", negated=True),
    "verifyElementNotPresent": _expected("toBeAttached", negated=True),
    "assertText": _expected("toHaveText"),
    "verifyText": _expected("toHaveText"),
    "assertValue": _expected("toHaveValue"),
    "verifyValue": _expected("toHaveValue"),
    "assertTitle": _title,
    "verifyTitle": _title,
}
"""Commands of Selenium IDE that are played; any other is an error of the sanity check."""


def steps_of(tree: Node) -> list[Node]:
    """The enabled steps of a virtual user, in order."""
    found: list[Node] = []
    waiting = list(reversed(tree.get("children") or []))
    while waiting:
        node = waiting.pop()
        if not node.get("enabled"):
            continue
        if node.get("@type") in TYPES:
            found.append(node)
        waiting += reversed(node.get("children") or [])
    return found


def unknown_command(node: Node) -> str:
    """The command of a step that cannot be played; empty when it can."""
    command = str(node.get("command") or "")
    return "" if command in COMMANDS or (not command and node.get("url")) else command or "none"


def lines_of(node: Node) -> list[Template]:
    """Command, target and value of a step, as templates."""
    if not node.get("command"):
        return [compile_text(text) for text in ("open", str(node.get("url") or ""), "")]
    return [compile_text(str(node.get(name) or "")) for name in ("command", "target", "value")]


def spec_of(steps: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The spec of an iteration; a step that fails does not keep the others from being played.

    Args:
        steps: Title of each, and its command, target and value.
    """
    parts = [
        f"  await step({json.dumps(title)}, async () => {{ {_line(command, target, value)} }});\n"
        for title, (command, target, value) in steps
    ]
    return (
        'const { test, expect } = require("@playwright/test");\n'
        'test("WebDriver", async ({ page }) => {\n'
        "  const failures = [];\n"
        "  const step = (title, play) => test.step(title, play).catch(async (error) => {\n"
        "    failures.push(error);\n"
        # The page for the error comes later, and would interrupt the next step.
        "    if (/net::ERR_/.test(error.message))\n"
        '      await page.waitForURL(/^chrome-error:/, { timeout: 2000, waitUntil: "commit" })\n'
        "        .catch(() => {});\n"
        "  });\n"
        f"{''.join(parts)}"
        "  if (failures.length) throw failures[0];\n"
        "});\n"
    )


def _line(command: str, target: str, value: str) -> str:
    made = COMMANDS.get(command)
    if made is None:
        return f"throw new Error({json.dumps(f'The command {command!r} is not played here')});"
    try:
        return made(target, value)
    except ValueError as error:
        return f"throw new Error({json.dumps(f'{command}: {error}')});"

"""Digest authentication, against a server that checks as RFC 7616 says."""

import hashlib
import re
from collections.abc import Callable

import pytest

from octoperf_mcp.embedded.engine.actions.compiler import Options
from octoperf_mcp.embedded.metrics.sample import HIT, RESOURCE
from tests.octoperf_mcp.embedded.engine.players import Json, Player, request
from tests.octoperf_mcp.embedded.engine.target import Answer, Hit, Target

BASIC: Json = {"@type": "BasicAuthorization", "username": 'a"da', "password": {"value": "s3cret"}}


def guarded(algorithm: str, qop: str, nonces: list[str]) -> Callable[[Hit], Answer]:
    """An address behind digest; the last nonce is the one that counts."""
    hashed = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm.removesuffix("-sess")]

    def digest(text: str) -> str:
        return hashed(text.encode()).hexdigest()

    def answer(hit: Hit) -> Answer:
        sent = hit.headers.get("authorization", "")
        said = dict(re.findall(r'(\w+)="?((?:[^",\\]|\\.)*)"?', sent.partition(" ")[2]))
        secret = digest('a"da:the shop:s3cret')
        if algorithm.endswith("-sess"):
            secret = digest(f"{secret}:{nonces[-1]}:{said.get('cnonce')}")
        middle = f"{said.get('nc')}:{said.get('cnonce')}:auth:" if qop else ""
        asked = digest(f"{hit.method}:{hit.raw_target}")
        if said.get("response") == digest(f"{secret}:{nonces[-1]}:{middle}{asked}"):
            return Answer(f"in, {said.get('nc')}")
        challenge = f'Digest realm="the shop", nonce="{nonces[-1]}", algorithm={algorithm}'
        return Answer(
            "", 401, [("WWW-Authenticate", challenge + (f', qop="{qop}"' if qop else ""))]
        )

    return answer


def player(target: Target, *actions: Json, options: Options | None = None) -> Player:
    return Player(actions, servers=[target.server(authorizations=[BASIC])], options=options)


@pytest.mark.parametrize(
    ("algorithm", "qop"),
    [("MD5", "auth"), ("MD5", ""), ("MD5-sess", "auth"), ("SHA-256", "auth-int,auth")],
)
def test_a_challenge_is_answered_once_and_then_unasked(
    target: Target, algorithm: str, qop: str
) -> None:
    target.answers["/in"] = guarded(algorithm, qop, ["n1"])
    outcomes = player(target, request("/in?a=1"), request("/in", method="POST")).play()
    kinds = [(one.sample.kind, one.sample.code, one.sample.ok) for one in outcomes]
    assert kinds == [(RESOURCE, "401", True), (HIT, "200", True), (HIT, "200", True)]
    assert target.count == len(outcomes)
    assert outcomes[2].exchange is not None
    assert outcomes[2].exchange.text == ("in, 00000002" if qop else "in, None")


def test_a_new_nonce_is_taken(target: Target) -> None:
    nonces = ["n1"]
    target.answers["/in"] = guarded("MD5", "auth", nonces)
    user = player(target, request("/in"))
    user.play()
    nonces.append("n2")
    assert [one.sample.code for one in user.play()] == ["401", "200"]


def test_wrong_credentials_are_a_failure_after_one_answer(target: Target) -> None:
    target.answers["/in"] = guarded("MD5", "auth", ["n1"])
    wrong = {**BASIC, "password": {"value": "wrong"}}
    user = Player([request("/in")], servers=[target.server(authorizations=[wrong])])
    outcomes = user.play()
    assert [(one.sample.code, one.sample.ok) for one in outcomes] == [("401", True), ("401", False)]
    assert target.count == 2


def test_a_validation_judges_the_answer_after_the_challenge(target: Target) -> None:
    target.answers["/in"] = guarded("MD5", "auth", ["n1"])
    action = request("/in", recordedResponse={"status": 200})
    outcomes = player(target, action, options=Options(validating=True)).play()
    assert outcomes[-1].sample.ok


@pytest.mark.parametrize(
    "challenge", ["Basic realm=x", "Digest realm=x", 'Digest nonce="n", algorithm=ROT13', "Digest"]
)
def test_a_challenge_that_is_not_known_is_left_as_it_is(target: Target, challenge: str) -> None:
    target.answers["/in"] = Answer("", 401, [("WWW-Authenticate", challenge)])
    [outcome] = player(target, request("/in")).play()
    assert (outcome.sample.code, outcome.sample.ok) == ("401", False)

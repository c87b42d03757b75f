import asyncio
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from octoperf_mcp.auth.jwks import CachedKeys, read_key_set
from octoperf_mcp.errors import KeysUnavailableError
from tests.octoperf_mcp.auth.conftest import key_set


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """A key set elsewhere that counts how often it is asked."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.asked = 0

    async def __call__(self) -> Any:
        self.asked += 1
        if isinstance(self.document, BaseException):
            raise self.document
        return self.document


def test_one_bad_key_leaves_the_others_standing(rsa_key: RSAKey) -> None:
    document = key_set(rsa_key)
    document["keys"] = [
        {"kty": "AKP", "alg": "ML-DSA-65", "pub": "x", "kid": "future"},
        {"kty": "RSA", "n": "!!!", "e": "AQAB", "kid": "torn"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off-curve"},
        {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "RSA", "use": "enc", "n": "AQ", "e": "AQ"},
        {"kty": "RSA"},
        {},
        "nonsense",
        *document["keys"],
    ]
    ring = read_key_set(document)
    assert len(ring) == 1
    assert [key.kid for key in ring.candidates("rsa-1", "RS256")] == ["rsa-1"]


def test_a_key_is_used_only_for_its_own_algorithm(rsa_key: RSAKey, other_rsa_key: RSAKey) -> None:
    ring = read_key_set(key_set(rsa_key, other_rsa_key))
    assert not ring.candidates("rsa-1", "PS256")  # the key says RS256
    assert ring.candidates("rsa-2", "PS256")  # the key does not say
    assert not ring.candidates("rsa-2", "ES256")
    assert not ring.candidates("rsa-2", "HS256")
    assert not ring.candidates("rsa-2", "none")


def test_a_short_rsa_key_is_not_used() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        short = RSAKey.generate_key(1024, {"kid": "short"})
    assert len(read_key_set(key_set(short))) == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"kty": st.sampled_from(["RSA", "EC", "OKP"])},
        optional={
            name: json_values | st.text(alphabet="AQab_-=", max_size=64)
            for name in ("n", "e", "d", "x", "y", "crv", "use", "kid", "alg", "key_ops", "x5c")
        },
    )
)
def test_no_key_whatsoever_breaks_the_reading_of_a_set(row: dict[str, Any]) -> None:
    read_key_set({"keys": [row]})


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": {}}])
def test_a_document_without_keys_is_not_a_key_set(document: Any) -> None:
    with pytest.raises(KeysUnavailableError):
        read_key_set(document)


async def test_keys_are_fetched_once_for_many_tokens(rsa_key: RSAKey) -> None:
    source = Source(key_set(rsa_key))
    keys = CachedKeys(source, clock=Clock())
    found = await asyncio.gather(*(keys.candidates("rsa-1", "RS256") for _ in range(20)))
    assert source.asked == 1
    assert all(found)


async def test_a_hundred_unknown_names_cause_one_fetch_a_minute(rsa_key: RSAKey) -> None:
    source, clock = Source(key_set(rsa_key)), Clock()
    keys = CachedKeys(source, clock=clock)
    await keys.refresh()
    for number in range(100):
        assert not await keys.candidates(f"made-up-{number}", "RS256")
    assert source.asked == 2
    clock.now += 60
    await keys.candidates("made-up", "RS256")
    assert source.asked == 3


async def test_a_new_key_is_found_by_the_refresh_and_counts_as_a_change(
    rsa_key: RSAKey, other_rsa_key: RSAKey
) -> None:
    source = Source(key_set(rsa_key))
    keys = CachedKeys(source, clock=Clock())
    await keys.refresh()
    before = keys.generation
    source.document = key_set(rsa_key, other_rsa_key)
    assert await keys.candidates("rsa-2", "RS256")
    assert keys.generation == before + 1


async def test_an_old_set_is_used_while_the_source_is_down(rsa_key: RSAKey) -> None:
    source, clock = Source(key_set(rsa_key)), Clock()
    keys = CachedKeys(source, clock=clock)
    await keys.refresh()
    source.document = OSError("down")
    clock.now += 3600
    assert await keys.candidates("rsa-1", "RS256")
    await keys.refresh()
    assert await keys.candidates("rsa-1", "RS256")
    assert keys.ready


async def test_without_any_keys_the_answer_is_unavailable_and_tries_are_spaced() -> None:
    source, clock = Source(KeysUnavailableError("no answer")), Clock()
    keys = CachedKeys(source, clock=clock, failure_pause_s=1)
    for _ in range(5):
        with pytest.raises(KeysUnavailableError):
            await keys.candidates("rsa-1", "RS256")
    assert source.asked == 1
    assert not keys.ready
    clock.now += 1
    with pytest.raises(KeysUnavailableError):
        await keys.candidates("rsa-1", "RS256")
    assert source.asked == 2


async def test_a_source_that_never_answers_is_given_up() -> None:
    async def never() -> Any:
        await asyncio.Event().wait()

    keys = CachedKeys(never, timeout_s=0.01)
    with pytest.raises(KeysUnavailableError):
        await keys.refresh()


async def test_a_caller_who_leaves_does_not_spoil_the_fetch_for_others(rsa_key: RSAKey) -> None:
    released = asyncio.Event()

    async def slow() -> Any:
        await released.wait()
        return key_set(rsa_key)

    keys = CachedKeys(slow)
    leaver = asyncio.create_task(keys.candidates("rsa-1", "RS256"))
    stayer = asyncio.create_task(keys.candidates("rsa-1", "RS256"))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.sleep(0)
    released.set()
    assert await stayer
    await keys.close()

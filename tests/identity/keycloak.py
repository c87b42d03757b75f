"""Keycloak as its distribution starts it, with the realm that `deploy/identity` ships."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.identity.pages import NAME, PASSWORD

HOME = Path(os.environ.get("OCTOPERF_MCP_TESTS_KEYCLOAK", ""))
REALM = Path(__file__).parents[2] / "deploy/identity/keycloak-realm.json"
ADMIN = {"KC_BOOTSTRAP_ADMIN_USERNAME": "admin", "KC_BOOTSTRAP_ADMIN_PASSWORD": "admin"}
START_S = 180


@dataclass
class Keycloak:
    """One instance; `mcp_url` and `octoperf_url` fill the placeholders of the realm file."""

    folder: Path
    port: int
    mcp_url: str
    octoperf_url: str
    process: subprocess.Popen[bytes] | None = None
    realm: str = "octoperf"
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.folder / "keycloak"
        shutil.copytree(HOME, self.home, ignore=shutil.ignore_patterns("data"))
        imported = self.home / "data/import"
        imported.mkdir(parents=True)
        shutil.copy(REALM, imported / "octoperf-realm.json")

    @property
    def origin(self) -> str:
        """As everybody reaches it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def issuer(self) -> str:
        """As tokens name it."""
        return f"{self.origin}/realms/{self.realm}"

    async def start(self) -> None:
        """Start, and wait until the realm answers."""
        process = self._launched()
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as session:
            while not await self._answers(session):
                assert process.poll() is None, (self.folder / "keycloak.log").read_text("utf-8")
                await asyncio.sleep(0.5)

    def _launched(self) -> subprocess.Popen[bytes]:
        command = [str(self.home / "bin/kc.sh"), "start-dev", "--import-realm",
                   "--http-host=127.0.0.1", f"--http-port={self.port}"]  # fmt: skip
        places = {"MCP_URL": self.mcp_url, "OCTOPERF_URL": self.octoperf_url}
        with (self.folder / "keycloak.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **ADMIN, **places},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.process

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.issuer}/.well-known/openid-configuration") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def stop(self) -> None:
        """End the instance; its database stays."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            await asyncio.to_thread(self.process.wait, 60)
            self.process = None

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the administration REST API, below the realm; the JSON answer, if any."""
        login = {"grant_type": "password", "client_id": "admin-cli", "username": "admin",
                 "password": "admin"}  # fmt: skip
        async with aiohttp.ClientSession() as session:
            tokens = f"{self.origin}/realms/master/protocol/openid-connect/token"
            async with session.post(tokens, data=login) as answer:
                token = (await answer.json())["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            address = f"{self.origin}/admin/realms/{self.realm}{path}"
            async with session.request(method, address, json=body, headers=headers) as answer:
                text = await answer.text()
                assert answer.status < 400, (method, path, answer.status, text)
                return json.loads(text) if text else None

    async def add_person(self) -> None:
        """Somebody who can sign in."""
        await self.admin("POST", "/users", {
            "username": NAME, "enabled": True, "email": "ada@example.com", "emailVerified": True,
            "firstName": "Ada", "lastName": "Lovelace",
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        })  # fmt: skip

    async def add_service(self, client_id: str) -> str:
        """A confidential client with a service account; its secret."""
        await self.admin("POST", "/clients", {
            "clientId": client_id, "serviceAccountsEnabled": True, "standardFlowEnabled": False,
            "secret": "a secret",
        })  # fmt: skip
        return "a secret"

    async def add_public(self, client_id: str, redirect_uri: str) -> None:
        """A public client, registered by hand."""
        await self.admin("POST", "/clients", {
            "clientId": client_id, "publicClient": True, "redirectUris": [redirect_uri],
            "attributes": {"pkce.code.challenge.method": "S256"},
        })  # fmt: skip

    async def service_token(self, client_id: str, secret: str, scope: str) -> dict[str, Any]:
        """Client credentials."""
        form = {"grant_type": "client_credentials", "client_id": client_id,
                "client_secret": secret, **({"scope": scope} if scope else {})}  # fmt: skip
        async with aiohttp.ClientSession() as session:
            tokens = f"{self.issuer}/protocol/openid-connect/token"
            async with session.post(tokens, data=form) as answer:
                return dict(await answer.json())

    async def active(self, token: str, client_id: str, secret: str) -> bool:
        """RFC 7662, as a platform would ask that looks at each token."""
        form = {"token": token, "client_id": client_id, "client_secret": secret}
        async with aiohttp.ClientSession() as session:
            address = f"{self.issuer}/protocol/openid-connect/token/introspect"
            async with session.post(address, data=form) as answer:
                return bool((await answer.json()).get("active"))

    async def rotate_keys(self) -> None:
        """A new key signs; the earlier ones stay."""
        (realm,) = [await self.admin("GET", "")]
        await self.admin("POST", "/components", {
            "name": "rsa-new", "providerId": "rsa-generated", "parentId": realm["id"],
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {"priority": ["200"], "enabled": ["true"], "active": ["true"],
                       "algorithm": ["RS256"], "keySize": ["2048"]},
        })  # fmt: skip

    async def sign_out(self) -> None:
        """End all sessions and consents of the person, as an administrator does."""
        (person,) = await self.admin("GET", f"/users?username={NAME}&exact=true")
        await self.admin("POST", f"/users/{person['id']}/logout")
        for consent in await self.admin("GET", f"/users/{person['id']}/consents"):
            await self.admin("DELETE", f"/users/{person['id']}/consents/{consent['clientId']}")


@asynccontextmanager
async def running(keycloak: Keycloak) -> AsyncIterator[Keycloak]:
    """Up while the context is open."""
    try:
        await keycloak.start()
        await keycloak.add_person()
        yield keycloak
    finally:
        await keycloak.stop()

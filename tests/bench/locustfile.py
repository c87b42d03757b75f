"""What a tester would write by hand for the requests of `tests.bench.engine`."""

import re

from locust import FastHttpUser, task

_TOKEN = re.compile(r"name='csrf' value='([^']+)'")


class Shopper(FastHttpUser):
    """Five requests, a token taken from a page, one check."""

    @task
    def shop(self) -> None:
        """One iteration."""
        page = self.client.get("/login")
        found = _TOKEN.search(page.text or "")
        token = found.group(1) if found else ""
        self.client.post("/login", data={"user": "ada", "csrf": token})
        self.client.get("/items?id=7", headers={"X-Token": token})
        self.client.get("/json")
        with self.client.get("/home", catch_response=True) as home:
            if "some text" not in home.text:
                home.failure("no text")

"""Load generators on other machines: how they join, what they play, how their results come home.

`agent` and what it imports runs on the other machine; the rest is the platform's side.
"""

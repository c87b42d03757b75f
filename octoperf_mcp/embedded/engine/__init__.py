"""The load engine: an interpreter of the action tree on Locust, a room for each of its subjects."""

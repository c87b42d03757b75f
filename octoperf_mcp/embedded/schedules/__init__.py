"""Scheduled jobs: scenarios that start by themselves, once or by a cron expression."""

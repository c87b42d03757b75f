"""Test plans of Apache JMeter, 2.x to 5.6."""

"""Analysis: reports and the values behind their widgets."""

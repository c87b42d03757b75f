"""Edit: virtual users, servers, variables, correlation rules, files."""

"""Discovery: workspaces, projects, scenarios, virtual users, providers."""

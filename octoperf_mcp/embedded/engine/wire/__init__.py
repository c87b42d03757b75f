"""What one user sends and receives: connections, cookies, caches, and where they may lead."""

"""How the rooms of the bridge are joined; `app` puts the parts together."""

"""Archives: a virtual user with all that it needs, in one zip; `layout` says how it looks."""

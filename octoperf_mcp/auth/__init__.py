"""Who may: tokens, keys, challenges; one module per document, its RFC in the docstring."""

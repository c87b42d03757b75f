"""Storage on SQLAlchemy: documents, revisions, blobs."""

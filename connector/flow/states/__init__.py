"""States of documents, exchanged with the legacy system: what it tells, what it is told."""

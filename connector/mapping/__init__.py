"""From a record of a legacy export to a document: closed transforms, code tables, provenance."""

"""One module a version of the schema, numbered in order; a released one is never changed."""

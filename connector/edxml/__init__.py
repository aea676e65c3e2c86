"""Envelope ⇄ packet: the only XML parser, the writer, the schema, the business rules."""

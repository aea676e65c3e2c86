"""Everything durable: outbox, inbox, journal, cursors in a database; packet bodies in a spool."""

"""The two corridors: from a legacy export to the broker, from the broker to a legacy system.

OUT: ``collect → outbound → relay``. IN: ``receive → admit → deliver → receipts``.
"""

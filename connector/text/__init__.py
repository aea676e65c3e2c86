"""Legacy Vietnamese charsets as Python codecs, their detection and repair, folding, NFC."""

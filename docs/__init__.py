"""The documentation: guides by hand, reference pages made from the code by `docs.generate`."""

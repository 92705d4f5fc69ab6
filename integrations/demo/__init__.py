"""A company to try Secondline with: a payments firm's second line, six weeks up to now."""

from integrations.demo.company import load
from integrations.demo.people import PASSWORD, SIGN_INS

__all__ = ["PASSWORD", "SIGN_INS", "load"]

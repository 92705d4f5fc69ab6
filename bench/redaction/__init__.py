"""How much the firewall finds, how often it is wrong, and how fast it is: `python -m bench.redaction`."""

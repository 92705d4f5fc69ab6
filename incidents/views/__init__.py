"""Pages of incidents, sweeps and own numbers."""

"""Pages of compliance reviews. For whoever does not review, none of them is there."""

"""What people enter about themselves, and about who works when. They read and explain; the domain decides."""

"""The desk's forms. They read and explain; the domain functions decide."""

"""Issue trackers, each behind one module: what a report needs of them, in one vocabulary."""

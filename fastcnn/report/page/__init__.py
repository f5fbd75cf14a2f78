"""One HTML page about scored models: templates, inlined figures, and small pictures."""

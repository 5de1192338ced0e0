"""The command line `cgr`: thin, one module per noun, no rules of its own."""

"""The REST API: the command line's verbs and JSON over HTTP. Thin, with no rules of its own."""

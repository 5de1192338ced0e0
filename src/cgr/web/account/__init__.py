"""The pages about oneself: signing in, password, second factor, sessions, tokens; and the first administrator's."""

"""The pages of the settings themselves: the overview, the organizations, language and time zone."""

"""The pages of runs: a preview to be reviewed, a run under way, its report; jobs; drift."""

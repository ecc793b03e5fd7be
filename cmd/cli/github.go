package cli

// onGitHub tells whether the command is a step of a GitHub workflow.
func (c *console) onGitHub() bool { return c.getenv("GITHUB_ACTIONS") == "true" }

//go:build !linux

package cli

// systemExaminations are of what only this system tells: nothing.
func systemExaminations() []examination { return nil }

func clockSource() string { return "" }

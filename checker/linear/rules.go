package linear

// rules are the decisions that cuts rest on. Tests replace them, to show that each of them is needed.
type rules struct {
	status func(a *account, each int32) status
	left   func(*account) (acquires, releases int32)
	full   func(*cutter) bool
	quiet  func(*cutter) bool
	tacit  func(*cutter) bool
	spend  func(blips int32) int32 // of those that a piece used, how many later pieces must do without
}

func exact() rules {
	return rules{statusOf, (*account).left, full, quiet, tacit, func(blips int32) int32 { return blips }}
}

func (r rules) orExact() rules {
	if r.status == nil {
		return exact()
	}
	return r
}

package linear

// rules are the decisions that cuts rest on. Tests replace them, to show that each of them is needed.
type rules struct {
	status func(a *account, each int32) status
	left   func(*account) (acquires, releases int32)
	full   func(*cutter) bool
	quiet  func(*cutter) bool
	tacit  func(*cutter) bool
	apart  func(end, begin int64) bool // what ended and what begins there cannot change places
	spent  func(*account) bool         // no further unknown release is needed
	vain   func(*account) bool         // no unknown acquire is needed
	spend  func(blips int32) int32     // of those that a piece used, how many later pieces must do without
}

func exact() rules {
	return rules{statusOf, (*account).left, full, quiet, tacit, apart, spent, vain, func(blips int32) int32 { return blips }}
}

func (r rules) orExact() rules {
	if r.status == nil {
		return exact()
	}
	return r
}

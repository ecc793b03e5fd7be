package results

import "lockquake/checker"

// Telling are the verdicts that somebody must see who wants to know why a cell did not hold: the one first that
// says most, then all others that are not valid.
func Telling(j checker.Judgement) []checker.Verdict {
	telling := []checker.Verdict{Headline(j)}
	for _, v := range byGravity(j.Verdicts) {
		if v.Validity != checker.Valid && v.Checker != telling[0].Checker {
			telling = append(telling, v)
		}
	}
	return telling
}

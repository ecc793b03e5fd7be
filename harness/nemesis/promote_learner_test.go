package nemesis_test

import (
	"testing"
	"testing/synctest"

	"lockquake/harness/nemesis"
)

func TestPromotedLearnerRunsAndGoes(t *testing.T) {
	testAdded(t, nemesis.PromoteLearner{}, "promoted", "add learner m3", "promote m3")
}

func TestLearnerThatCannotBePromotedIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := members(3)
		w.fail["add learner m3"] = errBroken
		wantRefused(t, nemesis.PromoteLearner{}, w.target(""), "add a learner: broken")
		w.wantDone(t, "add learner m3")
		delete(w.fail, "add learner m3")
		w.fail["promote m3"], w.fail["remove m3"] = errBroken, errBroken
		wantRefused(t, nemesis.PromoteLearner{}, w.target(""), "promote m3: broken\nremove m3: broken")
		w.wantDone(t, "add learner m3", "promote m3", "remove m3")
	})
}

package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestDeafenedLeaderIsDeposed(t *testing.T) {
	testDeposed(t, nemesis.DeafenMember{}, "0>1 2>1", "2")
}

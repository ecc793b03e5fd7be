package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestMutedLeaderIsDeposed(t *testing.T) {
	testDeposed(t, nemesis.MuteMember{}, "1>0 1>2", "2")
}

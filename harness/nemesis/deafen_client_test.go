package nemesis_test

import (
	"testing"

	"lockquake/harness/nemesis"
)

func TestDeafenedClientLosesReplies(t *testing.T) {
	testLost(t, nemesis.DeafenClient{}, "0>c3 1>c3 2>c3")
}

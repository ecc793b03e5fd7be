package checker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lockquake/checker/history"
)

// calm is the name that a header gives to the absence of a fault.
const calm = "none"

// evidence lists the ids of operations in time order, each once; nil and 0 are left out.
func evidence(ops ...*history.Operation) []history.OpID {
	var ids []history.OpID
	for _, o := range ops {
		if o != nil && o.ID() != 0 {
			ids = append(ids, o.ID())
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func clientName(c int32) string {
	if c == history.Nemesis {
		return "nemesis"
	}
	return fmt.Sprintf("c%d", c)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// credentials are a hold's token and lease in brackets; empty if it has neither. Leases are in hex,
// as etcdctl prints them.
func credentials(token, lease int64) string {
	var words []string
	if token != 0 {
		words = append(words, fmt.Sprintf("token %d", token))
	}
	if lease != 0 {
		words = append(words, fmt.Sprintf("lease %x", lease))
	}
	if words == nil {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// list is an enumeration of words; of many, the first and the last ones.
func list(words []string) string {
	const most = 8
	if n := len(words); n > most {
		words = append(slices.Clone(words[:most-2]), fmt.Sprintf("%d more", n-most+1), words[n-1])
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

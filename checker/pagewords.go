package checker

import (
	"fmt"
	"strconv"

	"lockquake/checker/history"
)

// clip cuts a text of others to a length.
func clip(s string, longest int) string {
	if len(s) <= longest {
		return s
	}
	runes := []rune(s)
	if len(runes) <= longest {
		return s
	}
	return string(runes[:longest-1]) + "…"
}

// caption is an operation in a few words, as they stand in its box.
func caption(o *history.Operation) string {
	text := clientName(o.Client) + " " + o.Op.String()
	switch o.Op {
	case history.Write:
		text += fmt.Sprintf(" %d over %d", o.Value, o.Prev)
	case history.Read:
		text += fmt.Sprintf(" %d", o.Value)
	default:
		text += " " + o.Key + how(o.Mode)
	}
	if o.Token != 0 {
		text += ", token " + strconv.FormatInt(o.Token, 10)
	}
	if o.Outcome != history.OK {
		return clip(text, longCaption-9) + ": " + o.Outcome.String()
	}
	return clip(text, longCaption)
}

// detail is the rest of what is known of an operation.
func detail(o *history.Operation) string {
	text := seconds(o.CallAt) + " to " + when(o)
	if o.Return == history.Open {
		text = "from " + seconds(o.CallAt) + " on, never answered"
	}
	if o.Lease != 0 {
		text += fmt.Sprintf(", lease %x", o.Lease)
	}
	if o.Pos != 0 {
		text += fmt.Sprintf(", revision %d", o.Pos)
	}
	text += ", key " + o.Key
	if o.Error != "" {
		text += ": " + o.Error
	}
	return clip(text, longDetail)
}

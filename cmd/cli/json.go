package cli

import (
	"encoding/json"
	"io"
)

// writeJSON is how every command prints what a program reads.
func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

package results

import (
	"fmt"
	"strings"
)

// CellName says which cell of a run is meant.
type CellName struct {
	Strategy string `json:"strategy"`
	Fault    string `json:"fault"`  // or, where there is none, the settings that tell it from other cells: W=8
	Repeat   int    `json:"repeat"` // 1, 2, 3, ...
}

// String is the cell in words, "mutex under pause-holder, repeat 2".
func (n CellName) String() string {
	name := n.Strategy + " " + underFault(n.Fault)
	if n.Repeat > 1 {
		name += fmt.Sprintf(", repeat %d", n.Repeat)
	}
	return name
}

// folder is the name of the cell's folder. Whatever a shell or a URL could take for something else
// becomes an underscore; folders gives those that collide a number.
func (n CellName) folder() string {
	return fmt.Sprintf("%s__%s__r%d", plain(n.Strategy), plain(n.Fault), n.Repeat)
}

// longestName keeps folder names within what file systems take (255 bytes).
const longestName = 80

func plain(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-':
			return r
		}
		return '_'
	}, name)
	return safe[:min(len(safe), longestName)]
}

// folders gives every cell a folder of its own, case-insensitive file systems included.
func folders(cells []CellName) ([]string, error) {
	var names []string
	taken := map[string]bool{}
	seen := map[CellName]bool{}
	for _, cell := range cells {
		if cell.Strategy == "" || cell.Fault == "" || seen[cell] {
			return nil, fmt.Errorf("cell %q: named twice, or without a strategy or fault", cell)
		}
		seen[cell] = true
		name := cell.folder()
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s_%d", cell.folder(), n)
		}
		taken[strings.ToLower(name)] = true
		names = append(names, name)
	}
	return names, nil
}

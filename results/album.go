package results

import (
	"encoding/base64"
	htmltemplate "html/template"
	"strings"
)

// picture is a plot in the report. Cells that an older lockquake has written have nothing else to show.
type picture struct {
	Alt    string
	Link   string           // to the PNG, relative to the run's folder
	Inline htmltemplate.URL // data; empty: there is no room, it is linked
	data   htmltemplate.URL
}

// album finds the pictures of a cell: its timeline, those of its counterexamples, then the others.
func (r *Run) album(c contents) []picture {
	var all []picture
	add := func(name, alt string) {
		if p, ok := r.picture(c.Folder, name, alt+": "+c.CellName.String()); ok {
			all = append(all, p)
		}
	}
	add("timeline", "Who held the lock when")
	for _, v := range byGravity(c.Judgement.Verdicts) {
		add(counterexampleOf(v.Checker), "What "+v.Checker+" found")
	}
	add("latency", "Time to acquire over time")
	add("percentiles", "Percentiles")
	return all
}

// picture reads the smaller one of two files.
func (r *Run) picture(folder, name, alt string) (picture, bool) {
	p := picture{Alt: alt, Link: href(folder, name+".png")}
	png, err := r.read(href(folder, name+".png"))
	if err != nil {
		return p, false // this cell has none
	}
	mime, data := "image/png", png
	if svg, err := r.read(href(folder, name+".svg")); err == nil && len(svg) < len(png) {
		mime, data = "image/svg+xml", svg
	}
	p.data = dataURL(mime, data)
	return p, true
}

func dataURL(mime string, data []byte) htmltemplate.URL {
	return htmltemplate.URL("data:" + mime + ";base64," + base64.StdEncoding.EncodeToString(data))
}

// href is a link to a file of a cell's folder, from the report of its run. It holds on a disk as it does below any path
// of a server.
func href(folder, file string) string { return strings.Join([]string{"cells", folder, file}, "/") }

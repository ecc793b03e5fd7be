package results

import (
	htmltemplate "html/template"
)

// mostReport is what the report may take, in bytes.
const mostReport = 1_000_000

// mostNamed is how many cells the report names one by one.
const mostNamed = 1000

// leastShare is less than anything that may be shown takes, in bytes.
const leastShare = 300

// share is what may be shown of a section besides its name.
type share struct {
	grave bool // of those that are to be shown before others
	show  func(*section)
}

// shares are in the order of what a reader misses most: why the grave ones are so, what the others came out as, then
// pictures, then finer ones.
func shares() []share {
	told := func(s *section) { s.Told = true }
	drawn := func(s *section) {
		s.Drawn = true
		for i := range s.pictures {
			s.pictures[i].Inline = s.pictures[i].data
		}
	}
	data := func(parts int) func(*section) {
		return func(s *section) {
			if s.charts != nil {
				s.Data = s.data(parts)
			}
		}
	}
	return []share{
		{true, told}, {true, drawn}, {true, data(60)}, {false, told}, {false, data(60)}, {false, drawn},
		{true, data(240)}, {false, data(240)}, {true, data(960)}, {false, data(960)},
	}
}

// fill gives the sections as much as there is room for.
func (s *sheet) fill(t *htmltemplate.Template) error {
	base, err := sizeOf(t, "report.html.tmpl", s)
	if err != nil {
		return err
	}
	for _, section := range s.Sections {
		if section.size, err = sizeOf(t, "section", section); err != nil {
			return err
		}
	}
	room := mostReport - base
	for _, share := range shares() {
		for _, section := range s.Sections {
			if section.grave() != share.grave || section.State == Planned || room < leastShare {
				continue
			}
			if err := section.grow(t, share.show, &room); err != nil {
				return err
			}
		}
	}
	return nil
}

// grow shows more of a section if there is room for it.
func (s *section) grow(t *htmltemplate.Template, show func(*section), room *int) error {
	grown := *s
	grown.pictures = append([]picture(nil), s.pictures...)
	show(&grown)
	var err error
	if grown.size, err = sizeOf(t, "section", &grown); err != nil {
		return err
	}
	if more := grown.size - s.size; more <= *room {
		*room -= more
		*s = grown
	}
	return nil
}

// sizeOf is what a template makes of v, in bytes.
func sizeOf(t *htmltemplate.Template, name string, v any) (int, error) {
	var n counter
	err := t.ExecuteTemplate(&n, name, v)
	return int(n), err
}

// counter is a writer that only counts.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

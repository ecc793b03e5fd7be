package checker

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker/history"
)

// go test -run Page -gallery /tmp/gallery leaves the pages for a person to look at.
var gallery = flag.String("gallery", "", "folder to leave pages in")

func page(t *testing.T, h history.History, c Checker) (Verdict, string) {
	t.Helper()
	v := c.Check(h)
	html, err := Page(h, v)
	if err != nil {
		t.Fatal(err)
	}
	if *gallery != "" && html != nil {
		name := strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()) + ".html"
		if err := os.WriteFile(filepath.Join(*gallery, name), html, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return v, string(html)
}

func shows(t *testing.T, html string, ordered bool) {
	t.Helper()
	if strings.Contains(html, "It found an order") != ordered || strings.Contains(html, "It found no order") == ordered {
		t.Errorf("porcupine should have found an order: %t", ordered)
	}
}

// Porcupine must find no order for what is shown. It finds one where order is not what is wrong: for a
// starved waiter always, for a deleted key sometimes.
func TestPageShowsWhatIsIllegal(t *testing.T) {
	for _, c := range twins {
		t.Run(c.claim, func(t *testing.T) {
			h := draw(t, c.bad)
			v, html := page(t, h, c.checker)
			p := newProof(&h, v)
			switch v.Checker {
			case "well-formed":
				if html != "" {
					t.Error("a page without evidence")
				}
				return
			case "progress":
				shows(t, html, true)
			case "grant", "release":
			default:
				shows(t, html, false)
			}
			for _, o := range p.judged {
				if !strings.Contains(html, caption(o)) {
					t.Errorf("the page does not say %q", caption(o))
				}
			}
		})
	}
}

func TestPageOfAStaleRelease(t *testing.T) {
	_, html := page(t, draw(t, twinOf(t, "a stale release must not delete the next holder's key").bad), Release{})
	shows(t, html, false)
	for _, text := range []string{"c0 release k0, token 1", "c1 acquire k0, token 4", "token 4\u0027s key was deleted"} {
		if !strings.Contains(html, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func TestPageOnlyForEvidence(t *testing.T) {
	h := draw(t, calmCell)
	for _, v := range []Verdict{{Checker: "exclusion"}, {Checker: "exclusion", Evidence: []history.OpID{999}}, {Checker: "fencing", Evidence: []history.OpID{h.Ops[0].ID()}}} {
		if html, err := Page(h, v); html != nil || err != nil {
			t.Errorf("%v: %d bytes, %v", v, len(html), err)
		}
	}
}

// The most that a history can do to a page: more of everything than is shown, and every text long and hostile.
func TestPageIsBounded(t *testing.T) {
	long := strings.Repeat(`<&"'\u2028`+"\x00\xff", 60)
	h := handovers(40, 50_000) // 100 000 operations
	for i := range h.Ops {
		o := &h.Ops[i]
		o.Client, o.Process = int32(i%40)*1_000_003, int32(i)
		o.Common = &history.Common{Key: long, Error: long, Note: long, Lease: 1 << 62}
	}
	for i := range 1000 {
		e := history.Observation{Common: &history.Common{Lease: 1 << 62}, Seq: h.Ops[50_000].Call, Op: history.Renewed, Client: int32(i)}
		gone := history.Observation{Common: &history.Common{Note: long}, Seq: e.Seq, Op: history.Deleted, Token: int64(i)}
		h.Infos = append(h.Infos, e, gone)
		h.Ops[40+i].Op, h.Ops[40+i].Fault = history.Inject, long
	}
	v := Verdict{Checker: "exclusion", Why: long}
	for range 100 {
		v.Story = append(v.Story, long)
	}
	for i := range 40 {
		v.Evidence = append(v.Evidence, h.Ops[2000+i*2000].ID())
	}
	for _, v.Checker = range []string{"exclusion", "release", "fencing"} {
		if v.Checker == "fencing" {
			for i := range h.Ops {
				h.Ops[i].Op, h.Ops[i].Value, h.Ops[i].Prev = history.Write, int64(i+1), int64(i)
			}
		}
		html, err := Page(h, v)
		if err != nil || len(html) == 0 || len(html) > MostPage {
			t.Errorf("%s: %d bytes, %v", v.Checker, len(html), err)
		}
		if !strings.Contains(string(html), " more, farther from the evidence, are left out") {
			t.Errorf("%s: nothing was left out", v.Checker)
		}
	}
}

func BenchmarkPage100k(b *testing.B) {
	h := handovers(40, 50_000)
	v := Verdict{Checker: "exclusion", Evidence: []history.OpID{h.Ops[100].ID(), h.Ops[90_000].ID()}}
	for b.Loop() {
		if _, err := Page(h, v); err != nil {
			b.Fatal(err)
		}
	}
}

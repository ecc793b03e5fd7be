package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker/browser"
	"lockquake/checker/history"
)

// hovering points at every box of a page, which is when porcupine writes its texts into it.
const hovering = `for (const box of document.querySelectorAll('.target-rect'))
  for (const what of ['mouseover', 'mousemove', 'mouseout']) box.dispatchEvent(new MouseEvent(what))`

// open loads a page in a browser, points at all of it, and gives what became of it and what its console said.
func open(t *testing.T, tab *browser.Tab, html string) (dom, console string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(html), 0o644); err != nil {
		t.Fatal(err)
	}
	tab.Load(path)
	browser.Value[bool](tab, hovering+"; true")
	return tab.Text(), tab.Said()
}

func TestPageLoadsInABrowser(t *testing.T) {
	t.Parallel()
	tab := browser.Open(t)
	v, html := page(t, draw(t, unfenced.Replace(fencedCell)), Fencing{})
	dom, console := open(t, tab, html)
	if console != "" {
		t.Errorf("the console says %s", console)
	}
	for _, text := range append([]string{">c0<", ">c1<", ">nemesis<", ">etcd<", "c0 write 1 over 0, token 1",
		"pause-holder: target", "value 2, or one built upon it; newest token seen: 4"}, v.Story...) {
		if !strings.Contains(dom, text) {
			t.Errorf("the page does not show %q", text)
		}
	}
	// The twin: what is wrong with a page is noticed.
	if _, console := open(t, tab, strings.Replace(html, "render(data)\n", "render(nothing)\n", 1)); !strings.Contains(console, "nothing") {
		t.Errorf("the console of a broken page says %q", console)
	}
}

// Whatever a history holds is text in its page.
func TestPageIsSafeFromNames(t *testing.T) {
	t.Parallel()
	tab := browser.Open(t)
	const hostile = `</script><script>console.error("owned")</script><img src=x onerror='console.error("owned")'>"};console.error("owned");//`
	h := draw(t, unfenced.Replace(fencedCell))
	for i := range h.Ops {
		o := &h.Ops[i]
		o.Common = &history.Common{Key: hostile, Lease: o.Lease, Note: hostile, Error: hostile}
		if o.Op == history.Inject || o.Op == history.Heal {
			o.Key, o.Fault = "", hostile
		}
	}
	for i := range h.Infos {
		e := &h.Infos[i]
		e.Common = altered(e.Common, func(c *history.Common) { c.Key, c.Note = hostile, hostile })
	}
	h.Header.Strategy = hostile
	for _, c := range []Checker{Exclusion{}, Fencing{}} {
		v := c.Check(h)
		if v.Validity != Invalid {
			t.Fatalf("%s is %v: %s", v.Checker, v.Validity, v.Why)
		}
		v.Why += hostile
		html, err := Page(h, v)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(html), "<script"); n != 2 || strings.Contains(string(html), "<img") {
			t.Errorf("%s: a name became markup: %d scripts", v.Checker, n)
		}
		dom, console := open(t, tab, string(html))
		if console != "" {
			t.Errorf("%s: the console says %s", v.Checker, console)
		}
		if strings.Contains(dom, "<img") || !strings.Contains(dom, "&lt;img") {
			t.Errorf("%s: a name became markup when it was pointed at", v.Checker)
		}
	}
}

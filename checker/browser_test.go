package checker

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lockquake/checker/history"
)

// hovering points at every box of a page, which is when porcupine writes its texts into it.
const hovering = `<script>
for (const box of document.querySelectorAll('.target-rect'))
  for (const what of ['mouseover', 'mousemove', 'mouseout']) box.dispatchEvent(new MouseEvent(what))
</script></body>`

// open loads a page in a browser, points at all of it, and gives what became of it and what its console said.
func open(t *testing.T, html string) (dom, console string) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium in the path: that pages load is not tested here")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte(strings.Replace(html, "</body>", hovering, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+dir,
		"--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom", "file://"+path)
	cmd.WaitDelay = 10 * time.Second
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, said.String())
	}
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, "CONSOLE") {
			console += line
		}
	}
	return string(out), console
}

func TestPageLoadsInABrowser(t *testing.T) {
	t.Parallel()
	v, html := page(t, draw(t, unfenced.Replace(fencedCell)), Fencing{})
	dom, console := open(t, html)
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
	if _, console := open(t, strings.Replace(html, "render(data)\n", "render(nothing)\n", 1)); !strings.Contains(console, "nothing") {
		t.Errorf("the console of a broken page says %q", console)
	}
}

// Whatever a history holds is text in its page.
func TestPageIsSafeFromNames(t *testing.T) {
	t.Parallel()
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
		dom, console := open(t, string(html))
		if console != "" {
			t.Errorf("%s: the console says %s", v.Checker, console)
		}
		if strings.Contains(dom, "<img") || !strings.Contains(dom, "&lt;img") {
			t.Errorf("%s: a name became markup when it was pointed at", v.Checker)
		}
	}
}

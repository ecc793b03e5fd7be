// Package browser opens pages in a headless Chromium, for the tests of what lockquake writes as HTML. Nothing but
// tests imports it.
package browser

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long one step may take: a browser starts slowly on a busy machine.
const patience = time.Minute

// Tab is a page of a browser. Its methods fail the test where something goes wrong.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu    sync.Mutex
	said  []string
	asked []string
}

// Open starts a browser, which ends with the test. Where there is none the test is skipped, but it fails in CI
// (CI=true): there, nobody would notice that pages are not tested.
func Open(t testing.TB) *Tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("no chromium in the path, and this is CI: apt-get install chromium")
	case err != nil:
		t.Skip("no chromium in the path: that pages load is not tested here")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-component-update", true))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, tab.note); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return tab
}

// note keeps what the page says and asks for.
func (tab *Tab) note(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		line := string(e.Type)
		for _, arg := range e.Args {
			line += " " + string(arg.Value) + arg.Description
		}
		tab.said = append(tab.said, line)
	case *runtime.EventExceptionThrown:
		line := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			line += " " + thrown.Description
		}
		tab.said = append(tab.said, line)
	case *log.EventEntryAdded:
		tab.said = append(tab.said, string(e.Entry.Level)+" "+e.Entry.Text)
	case *network.EventRequestWillBeSent:
		tab.asked = append(tab.asked, e.Request.URL)
	}
}

// Do carries out steps.
func (tab *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("chromium: %v", err)
	}
}

// Load opens a file.
func (tab *Tab) Load(path string) {
	tab.t.Helper()
	tab.Visit("file://" + path)
}

// Visit opens an address, and forgets what the page before it said.
func (tab *Tab) Visit(address string) {
	tab.t.Helper()
	tab.mu.Lock()
	tab.said, tab.asked = nil, nil
	tab.mu.Unlock()
	tab.Do(chromedp.Navigate(address))
}

// Value is what a script gives, or what it promises.
func Value[T any](tab *Tab, script string) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("chromium: %s: %v", script, err)
	}
	return v
}

// Await waits until an expression is true.
func (tab *Tab) Await(expression string) {
	tab.t.Helper()
	Value[bool](tab, "new Promise(done => { const look = () => ("+expression+") ? done(true) : setTimeout(look, 10); look(); })")
}

// Text is the page as it is now, in HTML.
func (tab *Tab) Text() string {
	tab.t.Helper()
	return Value[string](tab, "document.documentElement.outerHTML")
}

// Said is what the console says, errors of the page and of its policy with it.
func (tab *Tab) Said() string {
	tab.t.Helper()
	Value[bool](tab, "new Promise(done => setTimeout(() => done(true), 50))") // what happens just now is said by then
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return strings.Join(tab.said, "\n")
}

// Asked are the addresses that the page asked for, besides its own and what it has in itself.
func (tab *Tab) Asked() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	var asked []string
	for i, address := range tab.asked {
		if i > 0 && !strings.HasPrefix(address, "data:") {
			asked = append(asked, address)
		}
	}
	return asked
}

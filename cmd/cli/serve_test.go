package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lockquake/checker/browser"
)

// served is a site of the run that the README cites, twice, and of much that is to be kept.
func served(t *testing.T) (*site, string) {
	t.Helper()
	top := t.TempDir()
	runs := filepath.Join(top, "runs")
	for _, name := range []string{"first", "second"} {
		if err := os.CopyFS(filepath.Join(runs, name), os.DirFS("../../results/published/demo")); err != nil {
			t.Fatal(err)
		}
	}
	storeRun(t, filepath.Join(runs, "damaged"), "{")
	for path, text := range map[string]string{
		"secret": "SECRET", "outside/run.json": "SECRET", "runs/other/notes.txt": "SECRET", "runs/notes.txt": "SECRET",
		"runs/first/odd.bin": "odd", "runs/first/page.html": "<script>",
	} {
		path = filepath.Join(top, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"latest": "second", "away": "../outside", "first/link": "../../secret", "first/folder": "../../outside", "first/absolute": filepath.Join(top, "secret"),
		"first/within": "run.json",
	} {
		if err := os.Symlink(to, filepath.Join(runs, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(runs, "first/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := newSite(runs, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	return s, runs
}

// get asks the site as a browser on this machine would.
func get(t *testing.T, s *site, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Host = "127.0.0.1:8640"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// Whatever a client writes behind GET, nothing that is not a run's own file is read. The requests are sent as they stand here:
// a client of Go's would tidy them.
func TestNoPathLeavesTheFolderOfRuns(t *testing.T) {
	s, _ := served(t)
	server := httptest.NewServer(s)
	defer server.Close()
	for _, path := range []string{
		"/secret", "/../secret", "/runs/../secret", "/runs/../../secret", "/runs/first/../../../secret", "/runs/first/%2e%2e/%2e%2e/secret",
		"/runs/first/..%2f..%2fsecret", "/runs/%2e%2e/secret", "/runs/%2e%2e%2fsecret", `/runs/first/..\..\secret`, "/runs/first/..%5c..%5csecret",
		"//secret", "/runs//secret", "/runs/first//etc/passwd", "/runs//etc/passwd", "/etc/passwd", "/runs/first/%2fetc/passwd", "/runs/first/.%00",
		"/runs/first/run.json%00.png", "/runs/first/./run.json", "/runs/first/run.json/", "/runs/./first/run.json", "/runs/.", "/runs/", "/runs/..",
		"/runs/first/link", "/runs/first/absolute", "/runs/first/folder/run.json", "/runs/away/", "/runs/away/run.json", "/runs/latest/run.json",
		"/runs/first/pipe", "/runs/first/cells", "/runs/first/cells/", "/runs/other/notes.txt", "/runs/other/", "/runs/notes.txt", "/runs/none/run.json",
		"/runs/first/../other/notes.txt", "/runs/damaged/", "/compare?run=../outside&run=first", "/compare?run=away&run=first", "/compare?run=first",
		"file:///etc/passwd", "http://127.0.0.1/../secret",
	} {
		status, body := rawGet(t, server.Listener.Addr().String(), path)
		if status != http.StatusNotFound && status != http.StatusBadRequest || strings.Contains(body, "SECRET") || strings.Contains(body, "root:") {
			t.Errorf("%s: %d\n%.300s", path, status, body)
		}
	}
	for _, path := range []string{"/", "/style.css", "/runs/first/", "/runs/first/run.json", "/runs/first/within", "/runs/first/cells/mutex__pause-holder__r1/timeline.png"} {
		if status, body := rawGet(t, server.Listener.Addr().String(), path); status != http.StatusOK || body == "" {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func rawGet(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return response.StatusCode, string(text)
}

func TestNothingCanBeChangedThroughASite(t *testing.T) {
	s, runs := served(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "MKCOL", "get"} {
		r := httptest.NewRequestWithContext(t.Context(), method, "/runs/first/run.json", strings.NewReader("{}"))
		r.Host = "localhost"
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if _, err := os.Stat(filepath.Join(runs, "first/run.json")); err != nil {
		t.Error(err)
	}
}

func TestSiteAnswersToItsOwnNamesOnly(t *testing.T) {
	s, _ := served(t)
	s.name = "Lab.example"
	for host, want := range map[string]int{
		"127.0.0.1:8640": 200, "localhost": 200, "LOCALHOST:1": 200, "[::1]:8640": 200, "::1": 200, "10.1.2.3:80": 200, "lab.example:8640": 200,
		"": 421, "evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example:8640": 421, "evil.example:127": 421,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestEveryAnswerIsStrict(t *testing.T) {
	s, _ := served(t)
	for path, policy := range map[string]string{
		"/": policyOfOurs, "/compare?run=first&run=second": policyOfOurs, "/nowhere": policyOfOurs, "/style.css": policyOfOurs,
		"/runs/first/": policyOfRuns, "/runs/first/page.html": policyOfRuns, "/runs/first/run.json": policyOfFiles, "/runs/first/odd.bin": policyOfFiles,
		"/runs/first/cells/mutex__pause-holder__r1/timeline.svg": policyOfFiles,
	} {
		h := get(t, s, path).Header()
		if h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Content-Type") == "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if kind := get(t, s, "/runs/first/odd.bin").Header().Get("Content-Type"); kind != "application/octet-stream" {
		t.Errorf("what nobody knows is %s", kind)
	}
}

func TestReportIsTheStoredOneOrMadeAnew(t *testing.T) {
	s, runs := served(t)
	stored := filepath.Join(runs, "first", reportFile)
	text, err := os.ReadFile(stored)
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, s, "/runs/first/"); !bytes.Equal(got.Body.Bytes(), text) {
		t.Error("the report is not the stored one")
	}
	if err := os.Remove(stored); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/runs/first/", "/runs/first/report.html"} {
		if got := get(t, s, path); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "pause-holder") {
			t.Errorf("%s: %d %.200s", path, got.Code, got.Body)
		}
	}
	if got := get(t, s, "/runs/first"); got.Code != http.StatusFound || got.Header().Get("Location") != "/runs/first/" {
		t.Errorf("without a slash, a report's links lead nowhere: %d, %s", got.Code, got.Header())
	}
	if got := get(t, s, "/runs/damaged/"); got.Code != http.StatusNotFound || !strings.Contains(got.Body.String(), "run.json is garbled") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

func TestIndexSeesRunsAsTheyCome(t *testing.T) {
	s, runs := served(t)
	page := get(t, s, "/").Body.String()
	for _, want := range []string{`href="/runs/first/"`, `href="/runs/second/"`, "damaged", "run.json is garbled", "3 runs"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	if strings.Contains(page, "latest") || strings.Contains(page, "away") || strings.Contains(page, "other") {
		t.Error("a link, or what is no run, is listed")
	}
	storeRun(t, filepath.Join(runs, "third"), storedManifest)
	if page := get(t, s, "/").Body.String(); !strings.Contains(page, `href="/runs/third/"`) {
		t.Error("a run that was added is not seen")
	}
}

// Names and texts of a run come from anywhere. None becomes markup.
func TestIndexIsNoPlaceForScripts(t *testing.T) {
	s, runs := served(t)
	const evil = `<script>alert(1)</script>`
	storeRun(t, filepath.Join(runs, `x"><img src=q onerror=1>#?%2e`), strings.ReplaceAll(strings.ReplaceAll(storedManifest, `"mutex"`, `"`+evil+`"`), `"validity": "invalid"`, `"validity": "invalid", "why": "'\"><svg onload=1>"`))
	page := get(t, s, "/?text=%3Cscript%3E&strategy="+`%22%3E%3Cscript%3E`).Body.String() + get(t, s, "/").Body.String() +
		get(t, s, "/compare?run=first&run=x%22%3E%3Cimg%20src=q%20onerror=1%3E%23%3F%252e").Body.String()
	for _, bad := range []string{"<script", "<img", "<svg", "javascript:"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s is on the page", bad)
		}
	}
	link := regexp.MustCompile(`href="(/runs/x[^"]*)"`).FindStringSubmatch(page)
	if link == nil {
		t.Fatal("the run is not listed")
	}
	if got := get(t, s, link[1]); got.Code != http.StatusOK {
		t.Errorf("%s: %d", link[1], got.Code)
	}
}

func TestComparisonHasTheOldestRunFirst(t *testing.T) {
	s, runs := served(t)
	manifest := filepath.Join(runs, "second/run.json")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	later := regexp.MustCompile(`"start": "20\d\d`).ReplaceAll(text, []byte(`"start": "2099`))
	later = bytes.Replace(later, []byte(`"grade": "lease-bounded"`), []byte(`"grade": "unsafe"`), 1)
	later = bytes.Replace(later, []byte(`"validity": "valid"`), []byte(`"validity": "invalid"`), 1)
	if err := os.WriteFile(manifest, later, 0o600); err != nil {
		t.Fatal(err)
	}
	page := get(t, s, "/compare?run=second&run=first&run=damaged").Body.String()
	for _, want := range []string{`Before: <a href="/runs/first/">`, "got worse", "lockquake compare ", "acquire p99", `href="/compare?before=second&amp;run=first&amp;run=second"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	if page := get(t, s, "/compare?before=second&run=second&run=first").Body.String(); !strings.Contains(page, `Before: <a href="/runs/second/">`) || !strings.Contains(page, "got better") {
		t.Errorf("second is not the one before:\n%s", page)
	}
	if got := get(t, s, "/compare?run=first&run=damaged"); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "tick from 2 to 10 runs") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// serving runs the command until the test ends it, and gives the address that it prints.
func serving(t *testing.T, args ...string) (address string, end func() said) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer t.Cleanup(cancel)
	out, log := &lineBuffer{lines: make(chan string, 100)}, &bytes.Buffer{}
	code := make(chan int, 1)
	go func() { code <- run(ctx, Builtin(), append([]string{"serve"}, args...), out, log) }()
	var line string
	select {
	case line = <-out.lines:
	case c := <-code:
		t.Fatalf("exit %d: %s", c, log)
	}
	_, address, _ = strings.Cut(line, "http://")
	address, _, _ = strings.Cut(address, "/")
	return address, func() said {
		cancel()
		return said{<-code, line, log.String()}
	}
}

// lineBuffer passes on what is written.
type lineBuffer struct{ lines chan string }

func (b *lineBuffer) Write(text []byte) (int, error) {
	b.lines <- string(text)
	return len(text), nil
}

func TestServeUntilItIsInterrupted(t *testing.T) {
	address, end := serving(t, "../../results/published", "--listen", ":0")
	if host, _, _ := net.SplitHostPort(address); host != "127.0.0.1" {
		t.Fatalf("it listens on %q", address)
	}
	if status, body := rawGet(t, address, "/"); status != http.StatusOK || !strings.Contains(body, "/runs/demo/") {
		t.Errorf("%d %.200s", status, body)
	}
	call(t, "serve", "../../results/published", "--listen", address).want(t, exitUsage, "something else listens there", "or 0 for any that is free")
	began := time.Now()
	s := end()
	s.want(t, exitHeld, "lockquake serve: 1 run in ../../results/published at http://127.0.0.1:")
	if took := time.Since(began); took > 5*time.Second || s.log != "" {
		t.Errorf("it ended after %v and said %q", took, s.log)
	}
}

func TestServeOfOneRunShowsNoOther(t *testing.T) {
	_, runs := served(t)
	address, end := serving(t, filepath.Join(runs, "latest"), "--listen", "0.0.0.0:0")
	_, port, _ := net.SplitHostPort(address)
	for path, want := range map[string]int{"/": 302, "/runs/second/": 200, "/runs/first/": 404, "/runs/second/../first/run.json": 404, "/compare?run=first&run=second": 404} {
		if status, _ := rawGet(t, "127.0.0.1:"+port, path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	end().want(t, exitHeld, "lockquake serve: run second at ", "warning: everybody who reaches")
}

// As a reader goes through it: the list, two runs ticked and compared, a report; and a page that somebody else has put into
// a run's folder.
func TestSiteInABrowser(t *testing.T) {
	s, runs := served(t)
	call(t, "check", filepath.Join(runs, "first")).want(t, exitHeld) // it is of a version that drew less
	const evil = `<script>
const tried = [() => fetch('/runs/second/run.json'), () => localStorage.setItem('a', 'b'), () => document.cookie = 'a=b', () => eval('1')];
Promise.allSettled(tried.map(async f => await f())).then(all => document.title = 'refused: ' + all.filter(r => r.status == 'rejected').length);
</script>`
	if err := os.WriteFile(filepath.Join(runs, "first/page.html"), []byte(evil), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	tab := browser.Open(t)
	silent := func(page string, asks int) {
		t.Helper()
		if said, asked := tab.Said(), tab.Asked(); said != "" || len(asked) != asks {
			t.Errorf("%s: the console says %q, the page asks for %q", page, said, asked)
		}
	}
	tab.Visit(server.URL + "/")
	silent("the list", 1)
	tab.Do(chromedp.Click(chromedp.CSS(`input[value="first"]`)), chromedp.Click(chromedp.CSS(`input[value="second"]`)), chromedp.Click(chromedp.CSS(".tools button")))
	tab.Do(chromedp.WaitVisible(chromedp.CSS(".compared")))
	if text := tab.Text(); !strings.Contains(text, "Guarantees: 2 the same.") || strings.Contains(text, "#ZgotmplZ") {
		t.Errorf("the comparison is\n%s", text)
	}
	tab.Do(chromedp.Click(chromedp.CSS(`header a[href="/runs/first/"]`)), chromedp.WaitVisible(chromedp.CSS("#matrix")))
	tab.Await("document.documentElement.classList.contains('scripted')")
	silent("the list, the comparison and the report", 4) // itself, and each time the style sheet; the report needs nothing
	tab.Do(chromedp.Click(chromedp.CSS(".matrix a")), chromedp.WaitVisible(chromedp.CSS("details[open] .holders svg")))
	browser.Value[bool](tab, "document.querySelector('details[open] .charts').scrollIntoView(), true")
	tab.Await("document.querySelector('.uplot')")
	tab.Visit(server.URL + "/runs/first/page.html")
	tab.Await("document.title")
	if title := browser.Value[string](tab, "document.title"); title != "refused: 4" {
		t.Errorf("of four things that a page in a run's folder must not do: %s", title)
	}
}

func TestServeRefusesWhatItCannotShow(t *testing.T) {
	t.Chdir(t.TempDir())
	for args, want := range map[string]string{
		"":                        "serve results/runs: no such folder: make a run with lockquake run",
		"nowhere":                 "serve nowhere: no such folder",
		"-1":                      "there is none in results/runs",
		". --listen 8640":         "give an address and a port, such as 127.0.0.1:8640",
		". --listen 127.0.0.1:x":  "give an address of this machine and a port",
		". --listen 192.0.2.1:80": "give an address of this machine and a port",
	} {
		call(t, append([]string{"serve"}, strings.Fields(args)...)...).want(t, exitUsage, want)
	}
}

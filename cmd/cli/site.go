package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"lockquake/results"
)

// site shows the runs of a folder by HTTP. Nothing can be written through it, and whatever path is asked for, nothing
// outside of the folder is opened: links that lead out of it are not followed.
type site struct {
	folder string
	only   string // the one run that is shown; empty: all
	name   string // by which it was asked to listen
	files  *os.Root
}

func newSite(folder, only string) (*site, error) {
	files, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("serve %s: no such folder: make a run with lockquake run, or give a folder of runs", folder)
	}
	return &site{folder: folder, only: only, files: files}, nil
}

func (s *site) close() error { return s.files.Close() }

// String says what is shown.
func (s *site) String() string {
	if s.only != "" {
		return "run " + s.only
	}
	return counted(len(results.List(s.folder)), "run") + " in " + s.folder
}

// What a page may do. Ours load our style sheet and nothing else. Those of a run are files that anybody may have written:
// they may run scripts, in a place of their own from which they reach neither the network nor other pages.
const (
	policyOfOurs = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	policyOfRuns = "sandbox allow-scripts allow-forms allow-downloads; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; " +
		"img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
	policyOfFiles = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)

// ServeHTTP implements http.Handler.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policyOfOurs)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache") // a run goes on, and is judged again
	switch {
	case !s.isCalled(r.Host):
		s.problem(w, http.StatusMisdirectedRequest, "Not here", fmt.Sprintf("this is not %q: ask for it by its address, or by the name that --listen was given", r.Host))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		s.problem(w, http.StatusMethodNotAllowed, "Not done", "runs can be read here, and not be changed")
	default:
		s.route(w, r)
	}
}

// isCalled tells whether a request means us. A name that is not ours may be one that somebody else's page has made lead here,
// to read what only this machine can (DNS rebinding); an address is what it says.
func (s *site) isCalled(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	return name != "" && (net.ParseIP(name) != nil || name == "localhost" || name == strings.ToLower(s.name))
}

func (s *site) route(w http.ResponseWriter, r *http.Request) {
	run, file, ofRun := strings.Cut(strings.TrimPrefix(r.URL.Path, "/runs/"), "/")
	switch {
	case r.URL.Path == "/" && s.only != "":
		http.Redirect(w, r, "/runs/"+url.PathEscape(s.only)+"/", http.StatusFound)
	case r.URL.Path == "/":
		s.page(w, policyOfOurs, func(out *bytes.Buffer) error {
			return results.WriteIndex(out, s.folder, results.FilterOf(r.URL.Query()))
		})
	case r.URL.Path == "/style.css":
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(results.Style()) // whoever asked is gone
	case r.URL.Path == "/compare":
		s.compare(w, r.URL.Query())
	case !strings.HasPrefix(r.URL.Path, "/runs/") || !s.shows(run):
		s.notFound(w)
	case !ofRun:
		http.Redirect(w, r, "/runs/"+url.PathEscape(run)+"/", http.StatusFound)
	case file == "" || file == reportFile:
		s.report(w, r, run)
	case !fs.ValidPath(file):
		s.notFound(w)
	default:
		s.file(w, r, path.Join(run, file), file)
	}
}

// shows tells whether a name is that of a run which may be seen: a folder of the site with a run.json, and no link.
func (s *site) shows(run string) bool {
	if !fs.ValidPath(run) || run == "." || s.only != "" && s.only != run {
		return false
	}
	stat, err := s.files.Lstat(run)
	return err == nil && stat.IsDir() && results.IsRun(path.Join(s.folder, run))
}

func (s *site) page(w http.ResponseWriter, policy string, write func(*bytes.Buffer) error) {
	var page bytes.Buffer
	switch err := write(&page); {
	case errors.Is(err, results.ErrNothingShared):
		s.problem(w, http.StatusBadRequest, "Nothing to compare", err.Error())
		return
	case err != nil:
		s.problem(w, http.StatusInternalServerError, "It cannot be shown", err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	_, _ = w.Write(page.Bytes()) // whoever asked is gone
}

func (s *site) problem(w http.ResponseWriter, status int, title, what string) {
	var page bytes.Buffer
	_ = results.WriteProblem(&page, title, what) // a buffer takes all
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

func (s *site) notFound(w http.ResponseWriter) {
	s.problem(w, http.StatusNotFound, "Not found", "there is no such run, or no such file of it")
}

// mostCompared bounds what a comparison loads.
const mostCompared = 10

// compare compares the oldest of the runs that are ticked, or the one that is said to be before, with the others.
func (s *site) compare(w http.ResponseWriter, query url.Values) {
	names := s.inOrder(query["run"], query.Get("before"))
	switch {
	case s.only != "":
		s.notFound(w)
	case len(names) < 2 || len(names) > mostCompared:
		s.problem(w, http.StatusBadRequest, "Nothing to compare", fmt.Sprintf("tick from 2 to %d runs that can be read; %d are", mostCompared, len(names)))
	default:
		s.page(w, policyOfOurs, func(out *bytes.Buffer) error { return results.WriteComparison(out, s.folder, names) })
	}
}

// inOrder are those of the names that are runs, each once: the one that is to be first, then the older before the newer.
func (s *site) inOrder(names []string, before string) (found []string) {
	listed := results.List(s.folder)
	slices.Reverse(listed)
	for _, l := range listed {
		switch {
		case l.Damage != "" || !slices.Contains(names, l.Name):
		case l.Name == before:
			found = slices.Insert(found, 0, l.Name)
		default:
			found = append(found, l.Name)
		}
	}
	return found
}

const reportFile = "report.html"

// report gives a run's report as it is stored, or one that is made of what there is so far.
func (s *site) report(w http.ResponseWriter, r *http.Request, name string) {
	if stat, err := s.files.Stat(path.Join(name, reportFile)); err == nil && stat.Mode().IsRegular() {
		s.file(w, r, path.Join(name, reportFile), reportFile)
		return
	}
	run, err := results.OpenIn(s.folder, name)
	if err != nil {
		s.problem(w, http.StatusNotFound, "A damaged run, or none", err.Error())
		return
	}
	html := slices.IndexFunc(results.Formats(), func(f results.Format) bool { return f.File == reportFile })
	s.page(w, policyOfRuns, func(out *bytes.Buffer) error { return run.Write(results.Formats()[html], out) })
}

// file gives a file of a run.
func (s *site) file(w http.ResponseWriter, r *http.Request, at, name string) {
	file, info, err := s.open(at)
	if err != nil {
		s.notFound(w)
		return
	}
	defer func() { _ = file.Close() }()
	kind, policy := kindOf(name)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Security-Policy", policy)
	http.ServeContent(w, r, "", info.ModTime(), file)
}

// open opens a regular file. It waits for nothing: a pipe is told apart when it is open.
func (s *site) open(at string) (*os.File, fs.FileInfo, error) {
	if !fs.ValidPath(at) {
		return nil, nil, fs.ErrInvalid
	}
	file, err := s.files.OpenFile(at, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

// kindOf is what a browser is to take a file for, and what it may do. What is not known is kept on disk.
func kindOf(name string) (kind, policy string) {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8", policyOfRuns
	case ".png":
		return "image/png", policyOfFiles
	case ".svg":
		return "image/svg+xml", policyOfFiles
	case ".json":
		return "application/json", policyOfFiles
	case ".csv":
		return "text/csv; charset=utf-8", policyOfFiles
	case ".xml":
		return "application/xml", policyOfFiles
	case ".txt", ".md", ".log", ".edn", ".hlog":
		return "text/plain; charset=utf-8", policyOfFiles
	}
	return "application/octet-stream", policyOfFiles
}

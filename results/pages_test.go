package results

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

func manifestOf(start int, strategy, fault, outcome string) string {
	how := map[string]string{
		"held": `"state": "done", "grade": "exclusive", "validity": "valid"`, "broken": `"state": "done", "grade": "unsafe", "validity": "invalid", "why": "a stale write"`,
		"planned": `"state": "planned"`,
	}[outcome]
	return fmt.Sprintf(`{"version": 1, "seed": %d, "args": ["lockquake", "run"], "start": "2026-11-22T23:00:%02d.%03dZ",
		"cells": [{"strategy": %q, "fault": %q, "repeat": 1, "folder": "a", %s}, {"strategy": "always", "fault": "none", "repeat": 1, "folder": "b", %s}]}`,
		start, start/1000, start%1000, strategy, fault, how, how)
}

func listedAt(t *testing.T, folder, query string) []string {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := WriteIndex(&page, folder, FilterOf(values)); err != nil {
		t.Fatal(err)
	}
	var names []string
	for part := range strings.SplitSeq(page.String(), `<tr class="`) {
		if _, name, found := strings.Cut(part, "<b>"); found {
			names = append(names, name[:strings.Index(name, "<")])
		} else if _, name, found := strings.Cut(part, `name="run" value="`); found {
			names = append(names, name[:strings.Index(name, `"`)])
		}
	}
	return names
}

func TestFilterOfRuns(t *testing.T) {
	folder := t.TempDir()
	for name, manifest := range map[string]string{
		"one": manifestOf(1, "mutex", "pause-holder", "broken"), "two": manifestOf(2, "mutex", "none", "held"),
		"three": manifestOf(3, "stm", "pause-holder", "held"), "four": manifestOf(4, "stm", "none", "planned"), "worse": "{",
	} {
		writeAt(t, filepath.Join(folder, name, "run.json"), manifest)
	}
	for query, want := range map[string]string{
		"":                                     "worse four three two one",
		"strategy=mutex":                       "two one",
		"fault=pause-holder":                   "three one",
		"outcome=broken":                       "one",
		"outcome=damaged":                      "worse",
		"outcome=planned":                      "four",
		"strategy=stm&outcome=held":            "three",
		"strategy=mutex&fault=none":            "two", // one has both, but not in one cell
		"text=STALE+write":                     "one",
		"text=pause+stm":                       "three",
		"text=garbled":                         "worse",
		"text=nothing+like+it":                 "",
		"strategy=mutex&text=two":              "two",
		"page=7":                               "worse four three two one", // there is one page
		"page=-1&unknown=%3Cscript%3E":         "worse four three two one",
		"strategy=always&fault=none&outcome=x": "",
	} {
		if got := strings.Join(listedAt(t, folder, query), " "); got != want {
			t.Errorf("%q lists %q, want %q", query, got, want)
		}
	}
}

func TestManyRunsAreOnSeveralPages(t *testing.T) {
	folder := t.TempDir()
	for i := range runsOnPage + 5 {
		writeAt(t, filepath.Join(folder, fmt.Sprintf("run%03d", i), "run.json"), manifestOf(i, "mutex", "none", "held"))
	}
	first, second := listedAt(t, folder, ""), listedAt(t, folder, "page=2")
	if len(first) != runsOnPage || first[0] != "run104" || len(second) != 5 || second[4] != "run000" {
		t.Errorf("%d runs from %s, and %d to %v", len(first), first[0], len(second), second)
	}
	var page bytes.Buffer
	if err := WriteIndex(&page, folder, FilterOf(url.Values{"page": {"2"}, "strategy": {"mutex"}})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), `href="/?strategy=mutex">newer`) || strings.Contains(page.String(), ">older") {
		t.Errorf("the way back is missing:\n%s", page.String())
	}
}

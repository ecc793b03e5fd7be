package edn_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"lockquake/checker"
	"lockquake/checker/edn"
	"lockquake/checker/history"
)

// owned is the judgement with the process as the owner.
func owned(h history.History) checker.Validity {
	return checker.Merge([]checker.Verdict{checker.Exclusion{}.Check(h), checker.Ownership{}.Check(h)})
}

func asJepsen(h history.History) checker.Validity { return checker.Knossos{}.Check(h).Validity }

func read(t testing.TB, text string) history.History {
	t.Helper()
	h, err := edn.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func stored(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".edn"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The corpus: each file says in its comment why. A name with -bad is the twin of the one without.
var corpus = []struct {
	name     string
	owned    checker.Validity
	asJepsen checker.Validity
}{
	{"handover", checker.Valid, checker.Valid},
	{"handover-bad", checker.Invalid, checker.Invalid},
	{"gave-up", checker.Valid, checker.Invalid},
	{"gave-up-bad", checker.Invalid, checker.Invalid},
	{"stolen", checker.Valid, checker.Valid},
	{"stolen-bad", checker.Invalid, checker.Valid},
	{"open-release", checker.Valid, checker.Valid},
	{"open-release-bad", checker.Invalid, checker.Invalid},
	{"open-acquire", checker.Valid, checker.Valid},
	{"open-acquire-bad", checker.Invalid, checker.Invalid},
	{"retry", checker.Valid, checker.Valid},
	{"retry-bad", checker.Invalid, checker.Invalid},
	{"nemesis", checker.Valid, checker.Invalid},
	{"nemesis-bad", checker.Invalid, checker.Invalid},
}

func TestCorpus(t *testing.T) {
	for _, c := range corpus {
		t.Run(c.name, func(t *testing.T) {
			h := read(t, stored(t, c.name))
			if got := owned(h); got != c.owned {
				t.Errorf("with owners it is %v, wanted %v", got, c.owned)
			}
			if got := asJepsen(h); got != c.asJepsen {
				t.Errorf("as Jepsen reads it, it is %v, wanted %v", got, c.asJepsen)
			}
			if v := (checker.WellFormed{}).Check(h); v.Validity != checker.Valid && !strings.Contains(v.Why, "names 0") {
				t.Errorf("the reader gave what is not well-formed: %s", v.Why)
			}
		})
	}
	if files, _ := filepath.Glob("testdata/*.edn"); len(files) != len(corpus) {
		t.Errorf("%d files, %d of them claimed about", len(files), len(corpus))
	}
}

func TestOperationsAreRead(t *testing.T) {
	h := read(t, stored(t, "nemesis"))
	if len(h.Ops) != 3 || len(h.Infos) != 3 || h.Header.Strategy != edn.Strategy || h.Header.Clients != 2 {
		t.Fatalf("%d operations, %d observations, %+v", len(h.Ops), len(h.Infos), h.Header)
	}
	acquire, release, other := h.Ops[0], h.Ops[1], h.Ops[2]
	if acquire.Token != 41 || acquire.ReturnAt.Seconds() != 1.2 || acquire.Outcome != history.OK || acquire.Key != edn.Key {
		t.Errorf("acquire is %+v", acquire)
	}
	if release.Hold != acquire.ID() || release.Outcome != history.Fail || release.Error != `["unavailable" \; 0x1f 1/2 ##NaN]` {
		t.Errorf("release is %+v", release)
	}
	if other.Client != 1 || other.Token != 44 {
		t.Errorf("the acquire of 1 is %+v", other)
	}
	if e := h.Infos[1]; e.Op != history.Inject || e.Fault != "start-partition" || e.Note != `[:isolated {"n1" #{"n2" "n3"}}]` {
		t.Errorf("the nemesis did %+v", e)
	}
}

func TestStoryShowsTheNemesis(t *testing.T) {
	v := checker.Exclusion{}.Check(read(t, stored(t, "nemesis-bad")))
	story := strings.Join(v.Story, "\n")
	want := `2.100 s  nemesis start-partition: [:isolated {"n1" #{"n2" "n3"}}]`
	if !strings.Contains(story, want) || strings.Contains(story, "stop-partition") {
		t.Errorf("%s\nwanted %s, and nothing from after the overlap", story, want)
	}
}

// A process that goes on after :info is a new one for us, and what it gives back may be what nobody
// knows that it has.
func TestProcessGoesOnAfterInfo(t *testing.T) {
	h := read(t, `
		{:process 0 :type :invoke :f :acquire}
		{:process 0 :type :info :f :acquire}
		{:process 0 :type :invoke :f :release}
		{:process 0 :type :ok :f :release}`)
	acquire, release := h.Ops[0], h.Ops[1]
	if acquire.Process == release.Process || acquire.Client != release.Client || release.Hold != acquire.ID() {
		t.Errorf("%+v\n%+v", acquire, release)
	}
}

func TestBadFilesAreAnsweredWithLineAndExpectation(t *testing.T) {
	const good = "{:type :invoke :f :acquire :process 0 :index 3}\n"
	for text, want := range map[string]string{
		"":                                "line 1: expected a history: a vector, a list or a sequence of maps, got the end of the file",
		"; nothing\n\n":                   "line 3: expected a history",
		"nil":                             "line 1: expected an operation {:type ..., :f ..., :process ...}, got nil",
		"#{}":                             "line 1: expected an operation {:type ..., :f ..., :process ...}, got #{",
		"{:a 1}":                          "line 1: expected :type :invoke, :ok, :fail or :info in the operation, got none",
		"\n{:type :done}":                 "line 2: expected :type :invoke, :ok, :fail or :info, got :done",
		`{:type "ok"}`:                    `line 1: expected :type :invoke, :ok, :fail or :info, got "ok"`,
		"{:type :ok\n:process -1}":        "line 2: expected :process a number from 0, or :nemesis, got -1",
		"{:type :ok :process 4294967296}": "line 1: expected :process a number from 0, or :nemesis, got 4294967296",
		"{:type :ok}":                     "line 1: expected :process a number from 0, or :nemesis in the operation, got none",
		"{:type :ok :process :monkey}":    "got :monkey",
		"{:type :ok :process 0 :f :read}": "line 1: expected :f :acquire or :release, got :read",
		"{:type :ok :process 0}":          "line 1: expected :f :acquire or :release in the operation, got none",
		"{:type :ok :process 0 :f :acquire :time 1.5}":        "line 1: expected :time a whole number of nanoseconds, got 1.5",
		"{:type :ok :process 0 :f :acquire :index \"1\"}":     `line 1: expected :index a whole number, got "1"`,
		"{:type :ok :process 0 :f :acquire :index}":           "line 1: expected a value for :index, got }",
		"{:type :ok :process 0 :f :acquire}":                  "line 1: expected an :invoke of :acquire by process 0 before its end, got none",
		good + "{:type :ok :process 0 :f :release}":           "line 2: expected an :invoke of :release by process 0 before its end, got none",
		good + "{:type :invoke :process 0 :f :release}":       "line 2: expected :ok, :fail or :info of the :acquire that process 0 invoked on line 1, got its next :invoke",
		good + "{:type :ok :process 0 :f :acquire, :index 3}": "line 2: expected :index above the 3 of line 1, got 3",
		"[" + good:                         "line 2: expected ] to close the vector that begins on line 1, got the end of the file",
		"(" + good + "]":                   "line 2: expected an operation {:type ..., :f ..., :process ...}, got ]",
		"[" + good + "]\n(1)":              "line 3: expected nothing more after the history, got (",
		"[" + good + "\n42]":               "line 3: expected an operation",
		good + "{:type":                    "line 2: expected a value for :type, got the end of the file",
		good + "{:value [1 2}":             "line 2: expected ] to close the vector that begins on line 2, got }",
		good + "{\n]":                      "line 3: expected } to close the map that begins on line 2, got ]",
		good + "{:a \"\n":                  "line 2: expected the closing quote of the string that begins here",
		good + "#_":                        "line 2: expected an element after the #_ on line 2, got the end of the file",
		"[#inst ]":                         "line 1: expected an element after the #inst on line 1, got ]",
		"{# 1}":                            "line 1: expected a tag, a set or _ after #, got #",
		strings.Repeat("[", 5):             "line 1: expected an operation",
		"{:a " + strings.Repeat("[", 2000): "line 1: expected at most 1000 brackets open at once, got [",
		"\x28\xb5\x2f\xfd binary":          "line 1: expected an operation",
	} {
		_, err := edn.Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q\n is answered %v\n wanted %s", text, err, want)
		}
	}
}

// However long a word or deep a bracket, no more than a few bytes of it are kept.
func TestLongWordsAreClipped(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	h := read(t, `{:process :nemesis :type :info :f :start :value "`+long+`" :error [`+strings.Repeat("["+long+"]", 2)+`] :`+long+" "+long+"}")
	if e := h.Infos[0]; len(e.Note) > 256 || len(e.Error) > 256 || !strings.HasPrefix(e.Error, "[[xxx") {
		t.Errorf("%d bytes of value, %d of error", len(e.Note), len(e.Error))
	}
	if _, err := edn.Read(strings.NewReader("{:type :" + long + "}")); err == nil || len(err.Error()) > 400 {
		t.Errorf("a long error: %.100v", err)
	}
}

// A disk that fails is not the end of the file.
func TestReadErrorIsTold(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("[{:type :invoke :f :acquire :process 0}\n"), iotest.ErrReader(errors.New("bad sector")))
	if _, err := edn.Read(broken); err == nil || !strings.Contains(err.Error(), "line 2: bad sector") {
		t.Errorf("the error is %v", err)
	}
	slow := iotest.OneByteReader(strings.NewReader(stored(t, "nemesis")))
	if h, err := edn.Read(slow); err != nil || len(h.Ops) != 3 {
		t.Errorf("byte by byte: %d operations, %v", len(h.Ops), err)
	}
}

package results

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The JUnit XML that CI servers read, as far as they agree on it (the schema of the Ant task JUnitReport, and
// what Jenkins and GitLab document).
type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string `xml:"name,attr"`
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"`      // s
	Start    string `xml:"timestamp,attr"` // ISO 8601
	Host     string `xml:"hostname,attr"`
	Package  string `xml:"package,attr"`
	ID       int    `xml:"id,attr"`
	// The schema wants all of these, and in this order.
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        string          `xml:"system-out"`
	Err        string          `xml:"system-err"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure"` // a guarantee is broken, or a threshold missed
	Error   *junitProblem `xml:"error"`   // nothing is known: never a pass
	Skipped *junitSkipped `xml:"skipped"` // nothing is known, and that was to be let pass
}

type junitProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// junitSkipped has no text: GitLab and the schema of Ant know of none.
type junitSkipped struct {
	Message string `xml:"message,attr"`
}

func writeJUnit(p *page, w io.Writer) error {
	suite := junitSuite{
		Name: "lockquake", Start: p.Start.UTC().Format("2006-01-02T15:04:05"), Properties: junitProperties(p.Manifest),
		Host: "localhost", Package: "lockquake", // as the schema asks for where there is no name
	}
	total := 0.0
	for _, c := range p.planned {
		total += c.Duration.Seconds()
		suite.add(c, p.Unknown == LetPass)
	}
	suite.Time = fmt.Sprintf("%.3f", total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	if err := out.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitProperties(m Manifest) []junitProperty {
	return []junitProperty{
		{"part", cmp.Or(m.Part.String(), "all")},
		{"seed", strconv.FormatUint(m.Seed, 10)},
		{"want", m.Want},
		{"command", m.Command()},
		{"etcd", m.Environment.Etcd},
		{"go", m.Environment.Go},
		{"platform", m.Environment.OS + "/" + m.Environment.Arch},
		{"cores", strconv.Itoa(m.Environment.Cores)},
	}
}

// add counts a cell. What was never carried out is an error even where the unknown is let pass.
func (s *junitSuite) add(c contents, letPass bool) {
	one := junitCase{Class: "lockquake." + c.Strategy, Name: caseName(c), Time: fmt.Sprintf("%.3f", c.Duration.Seconds())}
	problem := &junitProblem{Type: word(c), Message: cmp.Or(c.Why, "planned, and never carried out"), Text: c.told()}
	s.Tests++
	switch what := outcome(c); {
	case what == "held":
	case what == "missed", what == "unknown" && letPass && Missed(c.Thresholds):
		problem.Type = "threshold"
		fallthrough
	case what == "broken":
		one.Failure = problem
		s.Failures++
	case what == "unknown" && letPass:
		one.Skipped = &junitSkipped{"unknown, and let pass: " + c.Why}
		s.Skipped++
	default:
		one.Error = problem
		s.Errors++
	}
	s.Cases = append(s.Cases, one)
}

func caseName(c contents) string { return fmt.Sprintf("%s repeat %d", underFault(c.Fault), c.Repeat) }

// told is all that the verdicts have to say, in lines.
func (c contents) told() string {
	var lines []string
	if _, tells := telling(c.Thresholds); !tells || guarantee(c) != "held" { // else it is one of them
		lines = []string{c.Why}
	}
	for _, t := range c.Thresholds {
		lines = append(lines, fmt.Sprintf("%s %s: %s", t.Name, t.Word(), t.Why))
	}
	for _, s := range c.Stories() {
		lines = append(append(lines, "", "What happened, by "+s.By()+":"), s.Lines...)
	}
	return strings.Join(lines, "\n")
}

package results

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The JUnit XML that CI servers read, as far as they agree on it (the schema of the Ant task JUnitReport, and
// what Jenkins and GitLab document).
type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`      // s
	Start    string      `xml:"timestamp,attr"` // ISO 8601
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure"` // a guarantee is broken
	Error   *junitProblem `xml:"error"`   // nothing is known: never a pass, nor left out as skipped
}

type junitProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(p *page, w io.Writer) error {
	suite := junitSuite{Name: "lockquake", Start: p.Start.UTC().Format("2006-01-02T15:04:05")}
	total := 0.0
	for _, c := range p.planned {
		suite.Tests++
		total += c.Duration.Seconds()
		one := junitCase{Class: "lockquake." + c.Strategy, Name: caseName(c), Time: fmt.Sprintf("%.3f", c.Duration.Seconds())}
		problem := &junitProblem{Type: word(c), Message: c.Why, Text: c.told()}
		switch outcome(c) {
		case "held":
		case "broken":
			one.Failure = problem
			suite.Failures++
		default:
			one.Error = problem
			suite.Errors++
		}
		suite.Cases = append(suite.Cases, one)
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

func caseName(c contents) string { return fmt.Sprintf("%s repeat %d", underFault(c.Fault), c.Repeat) }

// told is all that the verdicts have to say, in lines.
func (c contents) told() string {
	lines := []string{c.Why}
	for _, s := range c.Stories() {
		lines = append(append(lines, "", "What happened, by "+s.By+":"), s.Lines...)
	}
	return strings.Join(lines, "\n")
}

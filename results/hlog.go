package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/url"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lockquake/checker/history"
)

// logFile has the times to acquire as an HdrHistogram log (version 1.3): a histogram for each second of the measured
// window, in nanoseconds; times count from the history's start.
const logFile = "latency.hlog"

// writeLog writes logFile.
func (s *scene) writeLog(path string, st Stats) error {
	var text bytes.Buffer
	out := hdrhistogram.NewHistogramLogWriter(&text)
	if err := out.OutputLogFormatVersion(); err != nil {
		return err
	}
	if err := out.OutputLegend(); err != nil {
		return err
	}
	if err := s.eachSecond(st, out.OutputIntervalHistogram); err != nil {
		return err
	}
	return writeFile(path, text.Bytes())
}

// eachSecond gives a histogram of each second in which somebody acquired; it is used again for the next one.
func (s *scene) eachSecond(st Stats, give func(*hdrhistogram.Histogram) error) error {
	h := hdrhistogram.New(1, longest.Nanoseconds(), 3)
	flush := func() error {
		if h.TotalCount() == 0 {
			return nil
		}
		defer h.Reset()
		return give(h)
	}
	for m := range s.h.Moments() {
		o := m.Op
		if o == nil || !m.Ends || !waits(o) || o.Outcome != history.OK || !st.measured(o.ReturnAt) {
			continue
		}
		if second := o.ReturnAt.Truncate(time.Second).Milliseconds(); h.TotalCount() == 0 || second != h.StartTimeMs() {
			if err := flush(); err != nil {
				return err
			}
			h.SetStartTimeMs(second)
			h.SetEndTimeMs(second + 1000)
		}
		took := min(max(o.ReturnAt-o.Due(), 1), longest)
		if err := h.RecordValue(took.Nanoseconds()); err != nil {
			panic("results: a clamped duration is out of range: " + err.Error())
		}
	}
	return flush()
}

// writeLogs adds up, for each strategy and fault, the logs of its repeats. That is all acquires of a run, on however
// many machines; to compare runs by it would count the acquires of one cell as if they did not depend on each other.
func writeLogs(p *page, w io.Writer) error {
	out := hdrhistogram.NewHistogramLogWriter(w)
	if err := errors.Join(out.OutputLogFormatVersion(), out.OutputLegend()); err != nil {
		return err
	}
	for _, at := range places(p.planned) {
		all := hdrhistogram.New(1, longest.Nanoseconds(), 3)
		all.SetStartTimeMs(math.MaxInt64)
		for _, c := range p.rows[at] {
			if err := c.addLog(all); err != nil {
				return err
			}
		}
		if all.TotalCount() == 0 {
			continue
		}
		all.SetTag(url.PathEscape(at[0]) + "/" + url.PathEscape(at[1]))
		if err := out.OutputIntervalHistogram(all); err != nil {
			return err
		}
	}
	return nil
}

// addLog adds all seconds of a cell's log.
func (c contents) addLog(to *hdrhistogram.Histogram) error {
	text, err := c.log()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was not measured, or by a version that wrote none
	}
	if err != nil {
		return err
	}
	in := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	for {
		h, err := in.NextIntervalHistogram()
		if err != nil {
			return fmt.Errorf("read %s of cell %s: %w", logFile, c.CellName, err)
		}
		if h == nil {
			return nil
		}
		if dropped := to.Merge(h); dropped > 0 {
			return fmt.Errorf("read %s of cell %s: %d acquires took longer than %v, which none can", logFile, c.CellName, dropped, longest)
		}
		to.SetStartTimeMs(min(to.StartTimeMs(), h.StartTimeMs()))
		to.SetEndTimeMs(max(to.EndTimeMs(), h.EndTimeMs()))
	}
}

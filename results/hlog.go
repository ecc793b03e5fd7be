package results

import (
	"bytes"
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

package results

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lockquake/checker/history"
)

// go test -run Pictures -gallery /tmp/gallery leaves the pictures for a person to look at.
var gallery = flag.String("gallery", "", "folder to leave pictures in")

func galleryDir(t *testing.T) string {
	if *gallery == "" {
		return t.TempDir()
	}
	check(t, os.MkdirAll(*gallery, 0o755))
	return *gallery
}

// pixels are a picture and how much of it has which colour.
type pixels struct {
	*image.RGBA
	count map[color.RGBA]int
}

func readPNG(t *testing.T, path string) pixels {
	t.Helper()
	img := must(png.Decode(bytes.NewReader(must(os.ReadFile(path))(t))))(t)
	p := pixels{image.NewRGBA(img.Bounds()), map[color.RGBA]int{}}
	draw.Draw(p, p.Bounds(), img, img.Bounds().Min, draw.Src)
	for i := 0; i < len(p.Pix); i += 4 {
		p.count[color.RGBA{p.Pix[i], p.Pix[i+1], p.Pix[i+2], p.Pix[i+3]}]++
	}
	return p
}

func (p pixels) of(c color.Color) int { return p.count[color.RGBAModel.Convert(c).(color.RGBA)] }

// swatch is more than an area takes in the legend, stripe more than a line takes there, in pixels.
const (
	swatch = 800
	stripe = 250
)

func TestPicturesOfCells(t *testing.T) {
	dir := galleryDir(t)
	for _, c := range []struct {
		name             string
		h                history.History
		red, shade, lost bool
		says             []string
	}{
		{"calm", calm("mutex", 5, 3000*ms), false, false, false, []string{"the last second", "client c0", "client c4"}},
		{"short", calm("mutex", 2, 300*ms), false, false, false, []string{"all of it", "client c1"}},
		{"paused", paused(false), true, true, true, []string{"what fencing found", "client c3", "stale write accepted", "pause-holder: c3"}},
		{"fenced", paused(true), true, true, true, []string{"what fencing found", "stale write refused"}},
		{"leaderless", leaderless(), false, true, false, []string{"around the first fault", "isolate-leader: leader m2"}},
		{"everybody", grantsEverybody(6, 1000*ms), true, false, false, []string{"what fencing found"}},
		{"empty", history.History{Header: history.Header{Strategy: "mutex", Fault: "none"}}, false, false, false, []string{"client c0"}},
		{"crowd", calm("mutex", 60, 2000*ms), false, false, false, []string{"36 further clients not shown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(&c.h)
			base := filepath.Join(dir, c.name)
			f := timeline(s, s.telling(judged(c.h).Verdicts), "mutex")
			check(t, f.save(base+"-timeline"))
			img := readPNG(t, base+"-timeline.png")
			if w, h := img.Bounds().Dx(), img.Bounds().Dy(); w != 1320 || h != int(f.height*2+0.5) {
				t.Errorf("picture is %d x %d", w, h)
			}
			if red := img.of(redColor); red > swatch != c.red || red > 0 != c.red {
				t.Errorf("%d red pixels; red wanted: %t", red, c.red)
			}
			if shade := img.of(faultColor); shade > swatch != c.shade {
				t.Errorf("%d pixels of shade; shade wanted: %t", shade, c.shade)
			}
			if lost := img.of(lostColor); lost > 0 != c.lost {
				t.Errorf("%d pixels of lost; wanted: %t", lost, c.lost)
			}
			svg := string(must(os.ReadFile(base + "-timeline.svg"))(t))
			for _, text := range c.says {
				if !strings.Contains(svg, text) {
					t.Errorf("timeline does not say %q", text)
				}
			}
		})
	}
}

func TestPicturesOfLatency(t *testing.T) {
	dir := galleryDir(t)
	for name, h := range map[string]history.History{"leaderless": leaderless(), "empty": {}} {
		s := newScene(&h)
		check(t, latencyOverTime(s, "mutex").save(filepath.Join(dir, name+"-latency")))
		check(t, percentiles(s.measure(), "mutex").save(filepath.Join(dir, name+"-percentiles")))
		overTime, curve := readPNG(t, filepath.Join(dir, name+"-latency.png")), readPNG(t, filepath.Join(dir, name+"-percentiles.png"))
		shade, dots, line := overTime.of(faultColor), overTime.of(holdColor), curve.of(seriesStyle(0).Color)
		if some := name != "empty"; shade > swatch != some || dots > swatch != some || line > stripe != some {
			t.Errorf("%s: %d pixels of shade, %d of dots, %d of the curve; wanted: %t", name, shade, dots, line, some)
		}
	}
}

func TestNoLineWhereNobodyWaits(t *testing.T) {
	// p0: |wait|                    |wait|      the middle of the picture is empty
	s := &script{}
	s.wait(0, history.OK, ms, 300*ms)
	s.wait(0, history.OK, 700*ms, 1000*ms)
	middle := func() int {
		h := s.build()
		base := filepath.Join(t.TempDir(), "p")
		check(t, latencyOverTime(newScene(&h), "mutex").save(base))
		img, n := readPNG(t, base+".png"), 0
		for x := 620; x < 760; x++ { // 1320 wide: about 0.45 s to 0.55 s
			for y := 200; y < 560; y++ {
				if c := img.RGBAAt(x, y); c.R > 0xc0 && c.B < 0xa0 { // orange, also where it is thin
					n++
				}
			}
		}
		return n
	}
	if n := middle(); n != 0 {
		t.Errorf("%d orange pixels where nobody waits", n)
	}
	s.wait(1, history.OK, 100*ms, 900*ms)
	if middle() == 0 {
		t.Error("no line where somebody waits")
	}
}

func TestPicturesOfRuns(t *testing.T) {
	dir := galleryDir(t)
	var all []measured
	for i, name := range []string{"mutex", "tutorial", "mutex+fence", "none"} {
		for _, h := range []history.History{calm(name, 5+i, 3000*ms), paused(i == 2), leaderless()} {
			all = append(all, measured{CellName{name, h.Header.Fault, 1}, Measure(h)})
		}
	}
	table := newTable(all)
	for name, f := range map[string]figure{
		"run-latency": compareLatency(table), "run-contention": compareContention(table), "run-grants": compareGrants(table),
	} {
		check(t, f.save(filepath.Join(dir, name)))
		img := readPNG(t, filepath.Join(dir, name)+".png")
		for i := range 3 {
			if img.of(seriesStyle(i).Color) < stripe {
				t.Errorf("%s: nothing has colour %d", name, i)
			}
		}
		if img.of(seriesStyle(7).Color) > 0 {
			t.Errorf("%s: a colour that nothing has", name)
		}
	}
}

func TestTimelineShowsTheOverlapAndBothHolders(t *testing.T) {
	// p3: |---------- hold, asleep ----------|
	// p4:                   |hold|
	h := paused(false)
	s := newScene(&h)
	w := s.telling(judged(h).Verdicts)
	if w.why != "what fencing found" || len(w.holds) != 2 {
		t.Fatalf("it shows %s, holds %v", w.why, w.holds)
	}
	for i := range s.holds {
		held := holdSpan(s.holds[i], s.last)
		if !w.holds[s.holds[i].Acquire.ID()] {
			continue
		}
		if held.from < w.from || held.to > w.to {
			t.Errorf("hold of c%d, %v to %v, is not within %v", s.holds[i].Acquire.Client, held.from, held.to, w)
		}
	}
	fault := s.faultSpan(s.injections[0])
	if fault.from < w.from || fault.to > w.to {
		t.Errorf("the fault, %v to %v, is not within %v", fault.from, fault.to, w)
	}
	calm := calm("mutex", 5, 3000*ms)
	if w := newScene(&calm).telling(judged(calm).Verdicts); w.holds != nil {
		t.Errorf("a calm history has a window of %s, holds %v", w.why, w.holds)
	}
}

func TestHostileNamesAreTextInPictures(t *testing.T) {
	h := named(calm("mutex", 2, 100*ms), hostile)
	base := filepath.Join(t.TempDir(), "p")
	scene := newScene(&h)
	check(t, timeline(scene, scene.telling(nil), hostile).save(base))
	svg := string(must(os.ReadFile(base + ".svg"))(t))
	if strings.Contains(svg, "<script") || !strings.Contains(svg, "&lt;script") {
		t.Error("a name became markup")
	}
}

func TestTableTakesTheFirstRepeat(t *testing.T) {
	of := func(repeat, acquired int) measured {
		return measured{CellName{"mutex", "none", repeat}, Stats{Acquired: acquired}}
	}
	for _, all := range [][]measured{{of(1, 10), of(2, 20)}, {of(2, 20), of(1, 10)}} {
		if got := newTable(all).cells[[2]string{"mutex", "none"}]; got.Acquired != 10 {
			t.Errorf("repeat %d is shown", got.Repeat)
		}
	}
}

// hundredThousand is a history of 100 000 operations and more.
func hundredThousand() history.History { return calm("mutex", 16, 250*1000*ms) }

func BenchmarkPictures100k(b *testing.B) {
	h := hundredThousand()
	dir := b.TempDir()
	for b.Loop() {
		s := newScene(&h)
		for name, f := range map[string]figure{"timeline": timeline(s, s.telling(nil), "mutex"), "latency": latencyOverTime(s, "mutex"),
			"percentiles": percentiles(s.measure(), "mutex")} {
			if err := f.save(filepath.Join(dir, name)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(h.Ops)), "operations")
}

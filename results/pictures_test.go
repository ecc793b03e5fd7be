package results

import (
	"flag"
	"image"
	"image/color"
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

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f := must(os.Open(path))(t)
	defer f.Close()
	return must(png.Decode(f))(t)
}

func has(img image.Image, want color.Color) bool {
	r, g, b, _ := want.RGBA()
	bounds := img.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if r2, g2, b2, _ := img.At(x, y).RGBA(); r2 == r && g2 == g && b2 == b {
				return true
			}
		}
	}
	return false
}

func TestPicturesOfCells(t *testing.T) {
	dir := galleryDir(t)
	for _, c := range []struct {
		name             string
		h                history.History
		red, shade, lost bool
		says             []string
	}{
		{"calm", calm("mutex", 5, 3000*ms), false, false, false, []string{"the last second", "client 0", "client 4"}},
		{"short", calm("mutex", 2, 300*ms), false, false, false, []string{"all of it", "client 1"}},
		{"paused", paused(false), true, true, true, []string{"that let a stale write in", "client 3", "stale write accepted", "pause-holder: client 3"}},
		{"fenced", paused(true), true, true, true, []string{"with a stale write, which was refused", "stale write refused"}},
		{"leaderless", leaderless(), false, true, false, []string{"around the first fault", "isolate-leader: leader m2"}},
		{"everybody", grantsEverybody(6, 1000*ms), true, false, false, []string{"that let a stale write in"}},
		{"empty", history.History{Header: history.Header{Strategy: "mutex", Fault: "none"}}, false, false, false, []string{"client 0"}},
		{"crowd", calm("mutex", 60, 2000*ms), false, false, false, []string{"36 further clients not shown"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(&c.h)
			base := filepath.Join(dir, c.name)
			f := timeline(s, "mutex")
			check(t, f.save(base+"-timeline"))
			check(t, latencyOverTime(s, "mutex").save(base+"-latency"))
			check(t, percentiles(s.measure(), "mutex").save(base+"-percentiles"))
			img := readPNG(t, base+"-timeline.png")
			if w, h := img.Bounds().Dx(), img.Bounds().Dy(); w != 1320 || h != int(f.height*2+0.5) {
				t.Errorf("picture is %d x %d", w, h)
			}
			if has(img, redColor) != c.red || has(img, faultColor) != c.shade || has(img, lostColor) != c.lost {
				t.Errorf("red %t, shade %t, lost %t; want %t, %t, %t", has(img, redColor), has(img, faultColor),
					has(img, lostColor), c.red, c.shade, c.lost)
			}
			svg := string(must(os.ReadFile(base + "-timeline.svg"))(t))
			for _, text := range c.says {
				if !strings.Contains(svg, text) {
					t.Errorf("timeline does not say %q", text)
				}
			}
			if has(readPNG(t, base+"-latency.png"), faultColor) != c.shade {
				t.Errorf("shade in the latency picture: want %t", c.shade)
			}
		})
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
			if !has(img, seriesStyle(i).Color) {
				t.Errorf("%s: nothing has colour %d", name, i)
			}
		}
		if has(img, seriesStyle(7).Color) {
			t.Errorf("%s: a colour that nothing has", name)
		}
	}
}

func TestTimelineShowsTheOverlapAndBothHolders(t *testing.T) {
	// p3: |---------- hold, asleep ----------|
	// p4:                   |hold|
	h := paused(false)
	s := newScene(&h)
	w := s.telling()
	pair, about := s.focus()
	if !strings.Contains(about, "let a stale write in") || len(pair) != 2 {
		t.Fatalf("focus %v, %q", pair, about)
	}
	for _, i := range pair {
		held := holdSpan(s.holds[i], s.last)
		if held.from < w.from || held.to > w.to {
			t.Errorf("hold of c%d, %v to %v, is not within %v", s.holds[i].Acquire.Client, held.from, held.to, w)
		}
	}
	fault := s.faultSpan(s.injections[0])
	if fault.from < w.from || fault.to > w.to {
		t.Errorf("the fault, %v to %v, is not within %v", fault.from, fault.to, w)
	}
	calm := calm("mutex", 5, 3000*ms)
	if pair, _ := newScene(&calm).focus(); pair != nil {
		t.Errorf("focus %v in a calm history", pair)
	}
}

func TestHostileNamesAreTextInPictures(t *testing.T) {
	h := named(calm("mutex", 2, 100*ms), hostile)
	base := filepath.Join(t.TempDir(), "p")
	check(t, timeline(newScene(&h), hostile).save(base))
	svg := string(must(os.ReadFile(base + ".svg"))(t))
	if strings.Contains(svg, "<script") || !strings.Contains(svg, "&lt;script") {
		t.Error("a name became markup")
	}
}

// hundredThousand is a history of 100 000 operations and more.
func hundredThousand() history.History { return calm("mutex", 16, 250*1000*ms) }

func BenchmarkPictures100k(b *testing.B) {
	h := hundredThousand()
	dir := b.TempDir()
	for b.Loop() {
		s := newScene(&h)
		for name, f := range map[string]figure{"timeline": timeline(s, "mutex"), "latency": latencyOverTime(s, "mutex"),
			"percentiles": percentiles(s.measure(), "mutex")} {
			if err := f.save(filepath.Join(dir, name)); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(h.Ops)), "operations")
}

package results

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"lockquake/checker/browser"
)

// audit names what who cannot see, or cannot see well, misses in a page: pictures without words, places that are there
// twice, text that is too faint (WCAG 2, 1.4.3), and what is wider than the window.
const audit = `(() => {
  const wrong = [];
  for (const e of document.querySelectorAll('img:not([alt]), [role=img]:not([aria-label]), canvas:not([role]):not(.plot canvas)')) wrong.push('without words: ' + e.outerHTML.slice(0, 80));
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  wrong.push(...ids.filter((id, i) => ids.indexOf(id) < i).map(id => 'twice: ' + id));
  wrong.push(...[...document.querySelectorAll('a[href^="#"]')].filter(a => !document.getElementById(a.getAttribute('href').slice(1))).map(a => 'to nowhere: ' + a.outerHTML));
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the window: ' + document.documentElement.scrollWidth);
  const paper = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = css => { paper.clearRect(0, 0, 1, 1); paper.fillStyle = css; paper.fillRect(0, 0, 1, 1); return paper.getImageData(0, 0, 1, 1).data; };
  const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => sum + part * (v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)(c[i] / 255), 0);
  const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255]; };
  for (const e of document.querySelectorAll('p, li, td, th, a, h1, h2, h3, h4, h5, dd, dt, small, .word, figcaption, button, label')) {
    if (!e.offsetParent || !e.textContent.trim()) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) wrong.push('faint: ' + e.outerHTML.slice(0, 80));
  }
  return wrong.join('\n');
})()`

// reader is a browser with a report in it.
type reader struct {
	*testing.T
	*browser.Tab
	report string
}

func TestReportInABrowser(t *testing.T) {
	r := store(t, filepath.Join(t.TempDir(), "run"), calm("mutex", 5, 1000*ms), paused(false))
	see := reader{t, browser.Open(t), r.Path("report.html")}
	see.whatBrokeIsOneClickAway()
	see.zooms()
	see.canBeReadByEverybody()
	see.canBeReadWithoutScripts()
	see.hostileNamesDoNothing()
	see.whatIsWrongIsNoticed()
}

func (see reader) load() {
	see.Helper()
	see.Load(see.report)
	see.Await("document.documentElement.classList.contains('scripted')")
}

func (see reader) silent() {
	see.Helper()
	if said, asked := see.Said(), see.Asked(); said != "" || len(asked) > 0 {
		see.Errorf("the console says %q, the page asks for %q", said, asked)
	}
}

func (see reader) run(script string) {
	see.Helper()
	browser.Value[bool](see.Tab, script+", true")
}

func (see reader) whatBrokeIsOneClickAway() {
	see.Do(chromedp.EmulateViewport(1200, 900))
	see.load()
	see.run("document.querySelectorAll('details').forEach(d => d.open = false)")
	see.Do(chromedp.Click(chromedp.CSS(".gravest a")))
	see.Await("location.hash === '#mutex__pause-holder__r1'")
	see.Await(`(() => { const at = document.querySelector('details[open] .holders svg').getBoundingClientRect(); return at.height > 100 && at.top >= 0 && at.bottom < innerHeight; })()`)
	see.silent()
}

func (see reader) zooms() {
	const (
		place = `document.querySelector('details[open] .charts')`
		plot  = place + `.querySelector('.u-over')`
		shown = place + `.querySelector('output').textContent`
	)
	see.load()
	see.run(place + ".scrollIntoView()")
	see.Await(place + ".querySelector('output')")
	see.run(plot + ".scrollIntoView({block: 'center'})")
	at := browser.Value[[]float64](see.Tab, "(({left, top, width, height}) => [left, top, width, height])("+plot+".getBoundingClientRect())")
	middle := at[1] + at[3]/2
	see.Do(chromedp.DragAndDropXY(at[0]+at[2]*0.25, middle, at[0]+at[2]*0.5, middle))
	see.Await("/^Shown: [0-9]/.test(" + shown + ")")
	var from, to float64
	if _, err := fmt.Sscanf(browser.Value[string](see.Tab, shown), "Shown: %f to %f s.", &from, &to); err != nil {
		see.Fatal(err)
	}
	whole := browser.Value[float64](see.Tab, "JSON.parse(document.querySelector('script.data').textContent).seconds")
	if from < whole*0.2 || from > whole*0.3 || to < whole*0.45 || to > whole*0.55 {
		see.Errorf("a drag from a quarter to the half of %.3f s shows %.3f s to %.3f s", whole, from, to)
	}
	see.run(plot + ".dispatchEvent(new MouseEvent('dblclick', {bubbles: true}))")
	see.Await(shown + " === 'Shown: all.'")
	see.run(place + ".querySelector('.plot').focus()")
	see.Do(chromedp.KeyEvent("+"))
	see.Await(shown + " !== 'Shown: all.'")
	see.Do(chromedp.KeyEvent("0"))
	see.Await(shown + " === 'Shown: all.'")
	see.silent()
}

func (see reader) canBeReadByEverybody() {
	for _, as := range []struct {
		scheme string
		width  int64
	}{{"light", 1200}, {"dark", 1200}, {"light", 400}} {
		see.Do(chromedp.EmulateViewport(as.width, 900), prefer(as.scheme))
		see.load()
		see.run("document.querySelectorAll('details').forEach(d => d.open = true)")
		if wrong := browser.Value[string](see.Tab, audit); wrong != "" {
			see.Errorf("%s, %d wide:\n%s", as.scheme, as.width, wrong)
		}
		see.silent()
	}
}

func (see reader) canBeReadWithoutScripts() {
	see.Do(scripts(false))
	defer see.Do(scripts(true))
	see.Load(see.report)
	if !browser.Value[bool](see.Tab, `document.querySelector('details[open] .holders svg').getBoundingClientRect().height > 100 &&
		document.querySelector('noscript p').offsetHeight > 0 && !document.querySelector('.chart')`) {
		see.Error("without scripts there is no timeline, or no word about what is missing")
	}
}

func (see reader) hostileNamesDoNothing() {
	see.report = hostileRun(see.T).Path("report.html")
	see.load()
	see.run("document.querySelector('details[open] .charts').scrollIntoView()")
	see.Await("document.querySelectorAll('.chart').length >= 3")
	if !browser.Value[bool](see.Tab, `JSON.parse(document.querySelector('script.data').textContent).strategy === `+strconv.Quote(hostile)+` &&
		!document.querySelector('[onload], [onerror], img[src=x]')`) {
		see.Error("a name became markup, or another name")
	}
	see.silent()
}

// whatIsWrongIsNoticed is the twin of them all.
func (see reader) whatIsWrongIsNoticed() {
	see.load()
	see.run(`document.body.insertAdjacentHTML('beforeend', '<p id="cells"><a href="#nowhere">x</a><img src="http://127.0.0.1:9/x">'),
		document.querySelector('#matrix p').style.color = '#999'`)
	see.run(`document.body.append(Object.assign(document.createElement('script'), {textContent: 'alert(1)'}))`)
	if see.Said() == "" {
		see.Error("a script and a picture from elsewhere went unnoticed")
	}
	for _, text := range []string{"without words: <img", "twice: cells", "to nowhere: <a", "faint: <p"} {
		if wrong := browser.Value[string](see.Tab, audit); !strings.Contains(wrong, text) {
			see.Errorf("the audit does not say %q", text)
		}
	}
}

func prefer(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

func scripts(on bool) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	})
}

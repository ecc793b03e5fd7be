'use strict';
// The charts of report.html, drawn by uPlot from the data that is in the page, when somebody comes to see them.
// Nothing here is needed to read the report: tables and timelines are there without it.
(() => {
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const styles = getComputedStyle(document.documentElement);
const color = name => styles.getPropertyValue('--' + name).trim();

function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    key in e ? e[key] = value : e.setAttribute(key, value);
  }
  e.append(...children);
  return e;
}

// words spells seconds with three digits.
function words(s) {
  if (s == null || !isFinite(s)) return '–';
  const digits = v => String(Number(v.toPrecision(3)));
  if (s === 0) return '0';
  if (s < 0.9999e-3) return digits(s * 1e6) + ' µs';
  if (s < 0.9999) return digits(s * 1e3) + ' ms';
  return String(Number(s.toPrecision(4))) + ' s';
}

// What is faster is drawn here: a log axis has no zero.
const least = 10e-6;
const seconds = us => Math.max(us / 1e6, least);

// overTime has a column for each part of time; where nothing happened there is nothing, so that no line crosses an outage.
function overTime(data) {
  const {parts, acquired_us: acquired, failed_us: failed, oldest_us: oldest} = data.over;
  const empty = () => new Array(parts).fill(null);
  const x = empty().map((_, i) => (i + 0.5) / parts * data.seconds);
  const columns = {x, least: empty(), median: empty(), most: empty(), count: empty(), failed: empty(), failures: empty()};
  for (const row of acquired || []) {
    const [part, ...rest] = row;
    const [n, lo, mid, most] = rest.length === 1 ? [1, rest[0], rest[0], rest[0]] : rest;
    columns.count[part] = n;
    columns.least[part] = seconds(lo);
    if (n > 1) columns.median[part] = seconds(mid);
    columns.most[part] = seconds(most);
  }
  for (const [part, n, most] of failed || []) {
    columns.failures[part] = n;
    columns.failed[part] = seconds(most);
  }
  columns.oldest = oldest.map(us => us < 0 ? null : seconds(us));
  return columns;
}

const font = size => `${size}px system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif`;

const kept = (u, splits) => splits;

function axis(label, more = {}) {
  return {
    stroke: color('faint'), grid: {stroke: color('grid'), width: 1}, ticks: {stroke: color('grid'), width: 1},
    font: font(11.5), labelFont: font(11.5), label, labelSize: label ? 18 : 0, labelGap: 0, ...more,
  };
}

// roundOnes are the places of a log axis that are worth a label: powers of ten and, where these are few, 2 and 5 times them.
function roundOnes(u, i, lo, hi) {
  const digits = Math.log10(hi / lo) < 1.8 ? [1, 2, 5] : [1], places = [];
  for (let n = Math.floor(Math.log10(lo)); n <= Math.log10(hi); n++) {
    places.push(...digits.map(d => d * 10 ** n).filter(v => v >= lo && v <= hi));
  }
  return places;
}

const durations = (label, log, more) => axis(label, {
  size: 62, values: (u, splits) => splits.map(words), ...(log ? {splits: roundOnes, filter: kept} : {}), ...more,
});

// logRange leaves some air around what is shown.
const logRange = (u, lo, hi) => lo == null ? [1e-3, 1] : [lo / 1.4, Math.max(hi * 1.4, lo * 10)];

// roomy leaves room for the names of faults, too.
const roomy = log => (u, lo, hi) => {
  const [from, to] = log ? logRange(u, lo, hi) : [0, hi || 1];
  return log ? [from, from * (to / from) ** 1.12] : [from, to * 1.15];
};

// clip keeps what a hook draws inside of the plot.
function clip(u, draw) {
  const {ctx, bbox} = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, bbox, uPlot.pxRatio);
  ctx.restore();
}

// shade tints the windows of faults, and names them where there is room.
function shade(faults) {
  return u => clip(u, (ctx, box, ratio) => {
    let free = box.left;
    ctx.font = font(11 * ratio);
    for (const f of faults || []) {
      const left = u.valToPos(f.from, 'x', true), right = Math.max(u.valToPos(f.to, 'x', true), left + ratio);
      if (right < box.left || left > box.left + box.width) continue;
      ctx.fillStyle = color('stripe');
      ctx.fillRect(left, box.top, right - left, box.height);
      ctx.fillStyle = color('stripe-edge');
      ctx.fillRect(left, box.top, ratio, box.height);
      ctx.fillRect(right - ratio, box.top, ratio, box.height);
      const width = ctx.measureText(f.label).width + 8 * ratio;
      const at = Math.max(Math.min(left, box.left + box.width - width), free);
      if (at <= right && at + width <= box.left + box.width) {
        ctx.fillStyle = color('stripe-ink');
        ctx.fillText(f.label, at + 4 * ratio, box.top + 13 * ratio);
        free = at + width;
      }
    }
  });
}

// ranges draws a bar from the fastest to the slowest acquire of each part, and a cross for what was not acquired.
function ranges(columns) {
  return u => clip(u, (ctx, box, ratio) => {
    const y = v => u.valToPos(v, 'y', true);
    ctx.strokeStyle = color('hold');
    ctx.globalAlpha = 0.45;
    ctx.lineWidth = Math.max(1, Math.min(5, box.width / columns.x.length * 0.7 / ratio)) * ratio;
    ctx.beginPath();
    columns.x.forEach((at, i) => {
      if (columns.count[i] > 1 && u.series[2].show) {
        const x = u.valToPos(at, 'x', true);
        ctx.moveTo(x, y(columns.least[i]));
        ctx.lineTo(x, y(columns.most[i]));
      }
    });
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.strokeStyle = color('lost');
    ctx.lineWidth = 1.6 * ratio;
    ctx.beginPath();
    columns.x.forEach((at, i) => {
      if (columns.failed[i] == null || !u.series[4].show) return;
      const x = u.valToPos(at, 'x', true), r = 3.5 * ratio, v = y(columns.failed[i]);
      ctx.moveTo(x - r, v - r); ctx.lineTo(x + r, v + r);
      ctx.moveTo(x - r, v + r); ctx.lineTo(x + r, v - r);
    });
    ctx.stroke();
  });
}

const dots = (stroke, size) => ({show: true, size, stroke, fill: stroke, space: 0});
const noLine = () => null;

// Charts are functions that give what uPlot is to draw, at a size.
function latencyChart(data, log) {
  const c = overTime(data);
  const value = (u, v) => words(v);
  const many = (u, v, si, i) => i == null || v == null ? '–' : words(v) + (c.count[i] > 1 ? ' of ' + c.count[i] : '');
  const lost = (u, v, si, i) => i == null || v == null ? '–' : words(v) + (c.failures[i] > 1 ? ' of ' + c.failures[i] : '');
  return {
    data: [c.x, c.oldest, c.most, c.median, c.failed],
    options: {
      scales: {x: {time: false}, y: {distr: log ? 3 : 1, range: roomy(log)}},
      axes: [axis('time since the start (s)', {size: 34}), durations('', log)],
      series: [
        {label: 'at', value: (u, v) => v == null ? '–' : v.toFixed(3) + ' s'},
        {label: 'oldest waiter', stroke: color('age'), width: 1.4, points: {show: false}, value},
        {label: 'acquired, the slowest', stroke: color('hold'), paths: noLine, points: dots(color('hold'), 4.5), value: many},
        {label: 'the median', stroke: color('ink'), width: 1, points: dots(color('ink'), 3), value},
        {label: 'not acquired', stroke: color('lost'), paths: noLine, points: {show: false}, value: lost},
      ],
      hooks: {drawClear: [shade(data.faults)], draw: [ranges(c)]},
    },
  };
}

// nines are the places of round percentages on an axis of 1/(1-q).
const nines = ['0 %', '90 %', '99 %', '99.9 %', '99.99 %', '99.999 %', '99.9999 %', '99.99999 %'];

const percentAxis = () => axis('percentile', {
  size: 34, filter: kept,
  splits: (u, i, lo, hi) => [2, ...nines.keys().map(n => 10 ** n)].filter(v => v >= lo && v <= hi).sort((a, b) => a - b),
  values: (u, splits) => splits.map(v => v === 2 ? '50 %' : nines[Math.round(Math.log10(v))]),
});

// curve has the points of a percentile curve: one in x took y or longer.
const curve = c => c.us.map((us, i) => [i === c.us.length - 1 ? Math.max(c.n, 1.0001) : 10 ** (i / 8), seconds(us)]);

const percent = v => v == null ? '–' : (100 - 100 / v).toFixed(Math.max(0, Math.min(6, Math.ceil(Math.log10(v))))) + ' %';

// percentileChart draws curves over one axis: uPlot wants one x for all of them.
function percentileChart(curves, strokes) {
  const points = curves.map(curve);
  const x = [...new Set(points.flat().map(p => p[0]))].sort((a, b) => a - b);
  const place = new Map(x.map((v, i) => [v, i]));
  const columns = points.map(line => {
    const column = new Array(x.length).fill(undefined);
    line.forEach(([at, took]) => { column[place.get(at)] = took; });
    column.fill(null, place.get(line.at(-1)[0]) + 1);
    return column;
  });
  return {
    data: [x, ...columns],
    options: {
      scales: {x: {time: false, distr: 3, range: (u, lo, hi) => [lo, Math.max(hi, lo * 1.2)]}, y: {distr: 3, range: logRange}},
      axes: [percentAxis(), durations('', true)],
      series: [
        {label: 'at', value: (u, v) => percent(v)},
        ...curves.map((c, i) => ({label: c.name, spanGaps: true, points: {show: c.us.length < 2}, value: (u, v) => words(v), ...strokes[i]})),
      ],
    },
  };
}

// spreadChart is how many took how long, as steps.
function spreadChart(bins, strokes) {
  const first = Math.min(...bins.map(b => b.bins[0][0])) - 1, last = Math.max(...bins.map(b => b.bins.at(-1)[0])) + 1;
  const x = Array.from({length: last - first + 1}, (_, i) => 10 ** ((first + i) / 10) / 1e6);
  const columns = bins.map(b => {
    const column = new Array(x.length).fill(0);
    b.bins.forEach(([n, count]) => { column[n - first] = count; });
    return column;
  });
  return {
    data: [x, ...columns],
    options: {
      scales: {x: {time: false, distr: 3, range: (u, lo, hi) => [lo, hi]}, y: {range: (u, lo, hi) => [0, Math.max(hi, 1) * 1.08]}},
      axes: [durations('took so long, to a quarter longer', true, {size: 34}), axis('', {size: 62})],
      series: [
        {label: 'from', value: (u, v) => words(v)},
        ...bins.map((b, i) => ({label: b.name, value: (u, v) => v ?? '–', ...strokes[i], fill: strokes[i].stroke + '22', paths: uPlot.paths.stepped({align: 1}), points: {show: false}})),
      ],
    },
  };
}

// plots are all charts that are drawn, to be drawn again when the colours or the room change.
const plots = new Set();

// printing tells that the page is being printed: in light colours, and on paper of whatever format.
const printing = () => document.documentElement.classList.contains('printing');

const heightOf = width => Math.round(Math.min(320, Math.max(220, width * 0.36)));

// Plot is one chart in its box.
class Plot {
  constructor(box, make) {
    Object.assign(this, {box, make, log: true});
    this.draw();
    plots.add(this);
    new ResizeObserver(() => this.fit()).observe(box);
  }

  width() {
    const room = this.box.clientWidth;
    return Math.max(printing() ? Math.min(room, this.box.closest('.pair') ? 300 : 620) : room, 240);
  }

  fit() {
    const width = this.width();
    if (!printing() && width !== this.u.width) this.u.setSize({width, height: heightOf(width)});
  }

  draw() {
    const shown = this.u && {min: this.u.scales.x.min, max: this.u.scales.x.max};
    const zoomed = shown && this.zoomed();
    const hidden = this.u ? this.u.series.map(s => !s.show) : [];
    this.u?.destroy();
    const {data, options} = this.make(this.log);
    const width = this.width();
    options.hooks = {...options.hooks, setScale: [(u, key) => key === 'x' && this.told?.(u)]};
    this.u = new uPlot({
      width, height: heightOf(width), legend: {live: true}, cursor: {drag: {x: true, y: false}, focus: {prox: 24}}, ...options,
    }, data, this.box);
    hidden.forEach((off, i) => off && i > 0 && this.u.setSeries(i, {show: false}));
    if (zoomed) this.u.setScale('x', shown);
  }

  ends() { const x = this.u.data[0]; return [x[0], x[x.length - 1]]; }

  zoomed() {
    const [lo, hi] = this.ends(), {min, max} = this.u.scales.x, slack = (hi - lo) * 1e-6;
    return min != null && (min > lo + slack || max < hi - slack);
  }

  whole() { const [min, max] = this.ends(); this.u.setScale('x', {min, max}); }

  // zoom shows a part of what is shown, around its middle; move shows what is beside it.
  zoom(factor) {
    const {min, max} = this.u.scales.x, middle = (min + max) / 2, half = (max - min) / 2 * factor;
    this.show(middle - half, middle + half);
  }

  move(part) {
    const {min, max} = this.u.scales.x, by = (max - min) * part;
    const [lo, hi] = this.ends(), kept = Math.max(lo - min, Math.min(hi - max, by));
    this.show(min + kept, max + kept);
  }

  show(from, to) {
    const [lo, hi] = this.ends(), min = Math.max(from, lo), max = Math.min(to, hi);
    if (max - min > (hi - lo) / 1e4) this.u.setScale('x', {min, max});
  }
}

// keys are what a chart does when it has the focus.
const keys = {
  '+': p => p.zoom(0.5), '=': p => p.zoom(0.5), '-': p => p.zoom(2), ArrowLeft: p => p.move(-0.25), ArrowRight: p => p.move(0.25),
  0: p => p.whole(), Home: p => p.whole(), Escape: p => p.whole(),
};

// chart adds a titled chart to a place.
function chart(place, title, about, alt, make) {
  const box = element('div', {className: 'plot', role: 'img', 'aria-label': alt, tabIndex: 0});
  const figure = element('div', {className: 'chart'}, element('h5', {textContent: title}), element('p', {textContent: about}), box);
  place.append(figure);
  const plot = new Plot(box, make);
  box.addEventListener('keydown', e => {
    if (!keys[e.key] || e.ctrlKey || e.altKey || e.metaKey) return;
    keys[e.key](plot);
    e.preventDefault();
  });
  return {figure, plot};
}

// zoomable adds buttons, for hands without a mouse, and says what is shown.
function zoomable({figure, plot}, unit) {
  const button = (text, label, act) => element('button', {type: 'button', textContent: text, title: label, 'aria-label': label, onclick: act});
  const shown = element('output');
  plot.told = u => {
    const {min, max} = u.scales.x;
    if (min == null) return; // nothing is drawn yet
    shown.textContent = plot.zoomed() ? `Shown: ${min.toFixed(3)} to ${max.toFixed(3)} ${unit}.` : 'Shown: all.';
  };
  const axisButton = button('linear axis', 'linear or logarithmic axis', () => {
    plot.log = !plot.log;
    axisButton.textContent = plot.log ? 'linear axis' : 'log axis';
    plot.draw();
  });
  figure.append(element('div', {className: 'tools'},
    button('+', 'zoom in', () => plot.zoom(0.5)), button('−', 'zoom out', () => plot.zoom(2)),
    button('◂', 'earlier', () => plot.move(-0.25)), button('▸', 'later', () => plot.move(0.25)),
    button('all', 'show all', () => plot.whole()), axisButton, shown, ' Drag to zoom, double click for all; or + − ← → 0 on the chart.'));
}

const strokesOf = names => names.map(name => ({
  'time to acquire': {stroke: color('hold'), width: 1.8}, handoff: {stroke: color('age'), width: 1.8, dash: [7, 4]}, hold: {stroke: color('second'), width: 1.8, dash: [2, 3]},
})[name] || {stroke: color('ink'), width: 1.5});

// Okabe and Ito's colours, and dashes when they are used up.
const wheel = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#8a8a8a', '#b5a01c'];
const patterns = [[], [8, 4], [2, 3], [10, 3, 2, 3]];
const wheelStroke = i => ({stroke: wheel[i % wheel.length], dash: patterns[Math.floor(i / wheel.length) % patterns.length], width: 1.6});

const parsed = new Map();
function dataOf(script) {
  if (!parsed.has(script)) parsed.set(script, JSON.parse(script.textContent));
  return parsed.get(script);
}

const longestWait = data => Math.max(0, ...data.over.oldest_us) / 1e6;

// drawCell draws the charts of a cell once.
function drawCell(place) {
  if (place.childElementCount) return;
  const data = dataOf(place.nextElementSibling);
  const names = data.curves.map(c => c.name);
  const more = data.unshaded ? ` ${data.unshaded} more faults are not shaded.` : '';
  const part = words(data.seconds / data.over.parts);
  zoomable(chart(place, 'Time to acquire over time',
    `Each acquire when it returned, those of ${part} as one: a bar from the fastest to the slowest. The line is the age of the oldest waiter: where it climbs without dots nobody got the lock.${more}`,
    `Time to acquire over ${data.seconds} s; the oldest waiter waited ${words(longestWait(data))} at most; ${data.faults?.length || 0} faults are shaded. The tables have the figures.`,
    log => latencyChart(data, log)), 's');
  const pair = element('div', {className: 'pair'});
  place.append(pair);
  if (!data.curves.length) return;
  chart(pair, 'Percentiles', 'How long the slowest took: at 99 %, one in a hundred was slower.', `Percentiles of ${names.join(', ')}; the table has them.`,
    () => percentileChart(data.curves, strokesOf(names)));
  const bins = data.bins;
  if (bins?.length) {
    chart(pair, 'Handoff and hold', 'How many took how long, from the call of release to the next acquired, and from acquired to released.',
      'Distribution of handoff and hold; the table has percentiles.', () => spreadChart(bins, strokesOf(bins.map(b => b.name))));
  }
  if (data.keys) place.append(keyHeat(data));
}

// The colours of the heat map of the run: cividis, from nobody to most.
const heat = [[0, 34, 78], [18, 53, 112], [87, 93, 109], [125, 124, 120], [165, 156, 116], [210, 192, 96], [254, 232, 56]];

function heatColor(part) {
  const at = part * (heat.length - 1), low = Math.min(Math.floor(at), heat.length - 2);
  return `rgb(${heat[low].map((v, i) => Math.round(v + (heat[low + 1][i] - v) * (at - low))).join(' ')})`;
}

// keyHeat is who waited for which key: a row a key.
function keyHeat(data) {
  const most = Math.max(...data.keys.flatMap(k => k.waiters), 1e-9);
  const rows = data.keys.map(k => {
    const canvas = element('canvas', {width: k.waiters.length, height: 1, role: 'img', 'aria-label': `at most ${Math.max(...k.waiters)} waited`});
    const ctx = canvas.getContext('2d');
    k.waiters.forEach((v, i) => {
      ctx.fillStyle = heatColor(v / most);
      ctx.fillRect(i, 0, 1, 1);
    });
    return element('tr', {}, element('th', {scope: 'row', textContent: k.key}), element('td', {}, canvas), element('td', {textContent: k.acquires}));
  });
  const head = element('tr', {}, ...['key', `waiting, from the start to ${data.seconds} s; dark: nobody, light: ${most}`, 'acquires'].map(t => element('th', {scope: 'col', textContent: t})));
  return element('table', {className: 'heat keys'}, element('caption', {textContent: 'Contention of the keys'}), element('thead', {}, head), element('tbody', {}, ...rows));
}

// compare draws the strategies under one fault over each other.
function compare(place) {
  const cells = dataOf(place.nextElementSibling);
  const faults = [...new Set(cells.map(c => c.fault))];
  const select = element('select', {onchange: () => plot.draw()}, ...faults.map(f => element('option', {textContent: f, value: f})));
  const of = () => cells.filter(c => c.fault === select.value);
  const make = () => percentileChart(of().map(c => ({...c.curve, name: c.strategy})), of().map((_, i) => wheelStroke(i)));
  place.append(element('label', {}, 'Fault or setting: ', select));
  const {plot} = chart(place, 'Percentiles of the strategies', 'At 99 %, one in a hundred was slower. Lower is better. First repeat of each; a click on a name hides or shows its line.',
    'Percentiles of the time to acquire of each strategy; the table has them.', make);
}

// A cell is drawn when it is open and comes into view; before printing, all that is open is.
const watcher = new IntersectionObserver(entries => entries.forEach(e => e.isIntersecting && e.target.childElementCount === 0 && draw(e.target)), {rootMargin: '300px'});
const draw = place => place.classList.contains('compare') ? compare(place) : drawCell(place);

function drawAgain() { plots.forEach(p => p.draw()); }

// reveal opens the cell that a link names.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  const cell = target.closest('details');
  if (cell) cell.open = true;
  (cell || target).hidden = false;
  (cell || target).scrollIntoView();
  target.focus({preventScroll: true});
}

function filter(form) {
  const cells = all('.cell'), out = form.querySelector('output');
  form.addEventListener('submit', e => e.preventDefault());
  form.addEventListener('input', () => {
    const wanted = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const cell of cells) {
      const text = (cell.querySelector('summary') || cell).textContent.toLowerCase();
      cell.hidden = !wanted.every(w => text.includes(w));
      shown += cell.hidden ? 0 : 1;
    }
    out.textContent = wanted.length ? `${shown} of ${cells.length}` : '';
  });
}

function print() {
  all('details.cell:is(.unsafe, .unknown)').slice(0, 20).forEach(d => { d.open = true; });
  document.documentElement.classList.add('printing');
  all('.compare, details[open] .charts').filter(place => !place.childElementCount).forEach(draw);
  drawAgain();
}

function printed() {
  document.documentElement.classList.remove('printing');
  drawAgain();
}

// reachable lets keys scroll what is wider than its place.
function reachable(box) {
  const wide = box.scrollWidth > box.clientWidth;
  wide ? box.setAttribute('tabindex', 0) : box.removeAttribute('tabindex');
}

document.documentElement.classList.add('scripted');
const widths = new ResizeObserver(entries => entries.forEach(e => reachable(e.target)));
all('.wide').forEach(box => widths.observe(box));
all('.charts, .compare').forEach(place => watcher.observe(place));
all('form#filter').forEach(filter);
addEventListener('hashchange', reveal);
if (location.hash) reveal();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAgain);
addEventListener('beforeprint', print);
addEventListener('afterprint', printed);
})();
